import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isAlive, isRunning, ownMark, type ProcessMark } from "../base/process-mark.ts";
import { watchFolder } from "../base/watch-folder.ts";
import type { Logger } from "../logging/logger.ts";
import type { Discovery, Instance } from "./discovery.ts";
import { createInstanceTable } from "./instance-table.ts";

interface Registration {
  readonly module: string;
  readonly instance: Instance;
  /** The process that registered it. */
  readonly process: ProcessMark;
}

const ENDING = ".instance.json";

/**
 * Instances of several processes on one machine: a file for each in a folder that all of them watch. While the folder or a file cannot
 * be read, what was known stays. A process that is killed leaves its files; callers notice that nobody answers, and whoever reads the folder
 * next removes them.
 */
export async function openFileDiscovery(folder: string, logger: Logger): Promise<Discovery> {
  await mkdir(folder, { recursive: true });
  const table = createInstanceTable();
  const known = new Map<string, Registration>();
  let reading: Promise<void> | undefined;
  let again = false;
  let closed = false;

  async function readAll(): Promise<void> {
    let names: string[];
    try {
      names = (await readdir(folder)).filter((name) => name.endsWith(ENDING));
    } catch (error) {
      logger.warn("The folder of instances cannot be read; the last known ones stay.", { folder, error });
      return;
    }
    const read = await Promise.all(names.map((name) => readRegistration(name)));
    if (closed) return;
    for (const name of known.keys()) if (!names.includes(name)) known.delete(name);
    names.forEach((name, index) => {
      const registration = read[index];
      if (registration !== undefined) known.set(name, registration);
    });
    tell();
  }

  async function readRegistration(name: string): Promise<Registration | undefined> {
    try {
      const registration = checked(JSON.parse(await readFile(join(folder, name), "utf8")));
      if (isThere(registration, known.get(name))) return registration;
      await rm(join(folder, name), { force: true });
      known.delete(name);
      return undefined;
    } catch (error) {
      // Between the listing and now it may have gone, which the watch tells.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") logger.warn("A file of an instance cannot be read.", { file: name, error });
      return undefined;
    }
  }

  function tell(): void {
    const byModule = Map.groupBy(known.values(), ({ module }) => module);
    for (const module of new Set([...table.modules(), ...byModule.keys()])) {
      table.set(
        module,
        (byModule.get(module) ?? []).map(({ instance }) => instance),
      );
    }
  }

  /** A change during a read is read after it, so that the last state is never missed. */
  function refresh(): Promise<void> {
    if (reading !== undefined) {
      again = true;
      return reading;
    }
    reading = (async () => {
      do {
        again = false;
        await readAll();
      } while (again && !closed);
    })().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  const stopWatching = watchFolder(folder, () => void refresh());
  await refresh();

  return {
    async register(module, instance) {
      const name = fileName(module, instance.id);
      await mkdir(folder, { recursive: true });
      const unfinished = join(folder, `${name}.${randomUUID()}`);
      await writeFile(unfinished, `${JSON.stringify({ module, instance, process: ownMark() } satisfies Registration)}\n`);
      await rename(unfinished, join(folder, name));
      await refresh();
    },
    async deregister(module, instanceId) {
      await rm(join(folder, fileName(module, instanceId)), { force: true });
      await refresh();
    },
    instances: table.get,
    watch: table.watch,
    async close() {
      closed = true;
      stopWatching();
      table.clearListeners();
      await reading;
    },
  };
}

function fileName(module: string, instanceId: string): string {
  return `${encodeURIComponent(module)}.${encodeURIComponent(instanceId)}${ENDING}`;
}

/** A process that was seen before keeps its number as long as it lives: to look at its number alone is cheap. */
function isThere({ process }: Registration, before: Registration | undefined): boolean {
  return before === undefined ? isRunning(process) : isAlive(process.pid);
}

function checked(value: unknown): Registration {
  const { module, instance, process } = value as Partial<Registration>;
  if (typeof module !== "string" || typeof instance !== "object" || instance === null || typeof process?.pid !== "number")
    throw new Error("It does not name module, instance and process.");
  const { id, host, httpPort, grpcPort, version } = instance;
  if (typeof id !== "string" || typeof host !== "string" || typeof version !== "string")
    throw new Error("id, host and version must be texts.");
  if (!Number.isInteger(httpPort) || !Number.isInteger(grpcPort)) throw new Error("httpPort and grpcPort must be numbers.");
  return { module, instance: { id, host, httpPort, grpcPort, version }, process };
}
