import { join } from "node:path";
import { watchFolder } from "../base/watch-folder.ts";
import { readSecretFolder } from "./secret-folder.ts";
import type { Secrets } from "./secrets.ts";

export interface SecretsOptions {
  /** Environment variables; defaults to the process's. A variable wins over a file, so that one run can be given another value. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** A folder with one file per secret, followed while it is open; may be missing. */
  readonly folder?: string;
}

/** Secrets from environment variables and a folder. */
export function createSecrets({ environment = process.env, folder }: SecretsOptions = {}): Secrets {
  const listeners = new Set<() => void>();
  let files = folder === undefined ? new Map<string, string>() : readSecretFolder(folder);
  const stop = folder === undefined ? () => undefined : watchFolder(folder, () => reload(folder));

  function reload(from: string): void {
    let next: Map<string, string>;
    try {
      next = readSecretFolder(from);
    } catch {
      // Unreadable for the moment, as in the middle of a change of rights: the last known values serve on.
      return;
    }
    if (sameEntries(files, next)) return;
    files = next;
    for (const listener of listeners) listener();
  }

  /** An empty variable is as good as none: that is how a shell or a compose file says "not given". */
  function get(name: string): string | undefined {
    return environment[name] || files.get(name);
  }

  return {
    get,
    require(name) {
      const value = get(name);
      if (value !== undefined) return value;
      const byFile = folder === undefined ? "" : ` or write it to the file ${join(folder, name)}`;
      throw new Error(`The secret ${name} is missing. Set the environment variable ${name}${byFile}.`);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      stop();
      listeners.clear();
    },
  };
}

function sameEntries(left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): boolean {
  return left.size === right.size && [...left].every(([name, value]) => right.get(name) === value);
}
