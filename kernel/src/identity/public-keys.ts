import type { KeyObject } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { type Clock, systemClock } from "../base/clock.ts";
import { watchFolder } from "../base/watch-folder.ts";
import type { Logger } from "../logging/logger.ts";
import { readJwks } from "./jwks.ts";
import { isModuleName, jwksFile } from "./module-keys.ts";

export interface ModulePublicKey {
  readonly module: string;
  readonly key: KeyObject;
  /** Epoch milliseconds after which the key is not to be taken any more; Infinity for one in use. */
  readonly expMs: number;
}

/** The public keys of all modules, by key id. One for each process serves all of its services. */
export interface PublicKeys {
  find(kid: string): ModulePublicKey | undefined;
  /** Looks again at once, for a key id that is not known. At most every 200 ms: in between, false at once. */
  refresh(): Promise<boolean>;
  /** Grows when keys come or go: what was verified before must be verified again. */
  readonly revision: number;
  close(): void;
}

const REFRESH_INTERVAL_MS = 200;

/** Reads `<folder>/<module>/jwks.json` of every module and follows their changes. A file that cannot be read keeps its last keys. */
export async function openPublicKeys(folder: string, logger: Logger, clock: Clock = systemClock): Promise<PublicKeys> {
  let keys = new Map<string, ModulePublicKey>();
  let byModule = new Map<string, Map<string, ModulePublicKey>>();
  let revision = 0;
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;
  let closed = false;
  const watches = new Map<string, () => void>();

  async function readAll(): Promise<void> {
    readAt = clock.elapsed();
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    const modules = entries.filter((entry) => entry.isDirectory() && isModuleName(entry.name)).map((entry) => entry.name);
    const read = await Promise.all(modules.map(async (module) => [module, await readModule(module)] as const));
    byModule = new Map(read);
    const found = new Map<string, ModulePublicKey>();
    for (const ofModule of byModule.values()) for (const [kid, key] of ofModule) found.set(kid, key);
    if (!sameKeys(found, keys)) revision++;
    keys = found;
    if (!closed) follow(modules);
  }

  async function readModule(module: string): Promise<Map<string, ModulePublicKey>> {
    const found = new Map<string, ModulePublicKey>();
    try {
      for (const [kid, { key, expMs }] of readJwks(JSON.parse(await readFile(jwksFile(folder, module), "utf8")))) {
        found.set(kid, { module, key, expMs });
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return found;
      logger.warn("Public keys of a module cannot be read; the last known ones stay.", { module, error });
      return byModule.get(module) ?? found;
    }
    return found;
  }

  function follow(modules: readonly string[]): void {
    for (const module of modules) {
      if (!watches.has(module))
        watches.set(
          module,
          watchFolder(`${folder}/${module}`, () => void readOnce()),
        );
    }
    for (const [module, stop] of watches) {
      if (modules.includes(module)) continue;
      stop();
      watches.delete(module);
    }
  }

  /** A change during a read is told again by the watch; whoever waits shares the read at hand. */
  function readOnce(): Promise<void> {
    reading ??= readAll().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  const stopWatching = watchFolder(folder, () => void readOnce());
  await readOnce();

  return {
    find: (kid) => keys.get(kid),
    async refresh() {
      if (reading === undefined && clock.elapsed() - readAt < REFRESH_INTERVAL_MS) return false;
      await readOnce();
      return true;
    },
    get revision() {
      return revision;
    },
    close() {
      closed = true;
      stopWatching();
      for (const stop of watches.values()) stop();
      watches.clear();
    },
  };
}

function sameKeys(one: ReadonlyMap<string, ModulePublicKey>, other: ReadonlyMap<string, ModulePublicKey>): boolean {
  if (one.size !== other.size) return false;
  for (const [kid, key] of one) {
    const before = other.get(kid);
    if (before === undefined || before.module !== key.module || before.expMs !== key.expMs) return false;
  }
  return true;
}
