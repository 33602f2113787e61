import { join } from "node:path";
import { watchFolder } from "../base/watch-folder.ts";
import { readSecretFolder } from "./secret-folder.ts";
import type { Secrets } from "./secrets.ts";

export interface SecretsOptions {
  /** Environment variables; defaults to the process's. A variable wins over a file, so that one run can be given another value. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Folders with one file per secret, the earlier wins: a module's own before the one of all. Followed; may be missing. */
  readonly folders?: readonly string[];
}

/** Secrets from environment variables and folders. */
export function createSecrets({ environment = process.env, folders = [] }: SecretsOptions = {}): Secrets {
  const listeners = new Set<() => void>();
  let files = readAll(folders);
  const stops = folders.map((folder) => watchFolder(folder, reload));

  function reload(): void {
    let next: Map<string, string>;
    try {
      next = readAll(folders);
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
      const byFile = folders[0] === undefined ? "" : ` or write it to the file ${join(folders[0], name)}`;
      throw new Error(`The secret ${name} is missing. Set the environment variable ${name}${byFile}.`);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      for (const stop of stops) stop();
      listeners.clear();
    },
  };
}

function readAll(folders: readonly string[]): Map<string, string> {
  return new Map(folders.toReversed().flatMap((folder) => [...readSecretFolder(folder)]));
}

function sameEntries(left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): boolean {
  return left.size === right.size && [...left].every(([name, value]) => right.get(name) === value);
}
