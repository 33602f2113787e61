import type { Dirent } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type ParsedModules, parseModuleFiles, type Resolution, type ResolveOptions, resolve } from "@plinth/module";
import { watchFolder } from "../base/watch-folder.ts";
import type { Logger } from "../logging/logger.ts";
import { fixedModuleSet } from "./fixed-module-set.ts";
import { type ReadFile, readAccepted } from "./last-good.ts";
import type { ModuleSet } from "./module-set.ts";

export interface FileModuleSetOptions {
  /** Folders that hold one folder for each module: `<root>/<name>/module.yaml`. */
  readonly roots: readonly string[];
  readonly logger: Logger;
  /** What else `resolve` is to check: secrets, RPC methods, readiness. */
  readonly checks?: Pick<ResolveOptions, "hasSecret" | "rpcMethods">;
}

export interface FileModuleSet extends ModuleSet {
  /** What was found at the last reading: what can start in which order, what is refused or waits, and why. */
  readonly resolution: Resolution;
  /** Calls `listener` after each reading that found other problems or other modules. The answer stops it. */
  onResolution(listener: (resolution: Resolution) => void): () => void;
  /** The folder of a module's file. */
  folderOf(module: string): string | undefined;
  /** Reads now, without waiting for the watch. */
  refresh(): Promise<void>;
  close(): void;
}

const FILE = "module.yaml";

/**
 * The modules of a source tree, followed as their files change. A module whose file becomes wrong stays as it was last right, until it is
 * right again or gone.
 */
export async function openFileModuleSet(options: FileModuleSetOptions): Promise<FileModuleSet> {
  const { roots, logger } = options;
  const accepted = fixedModuleSet([]);
  const listeners = new Set<(resolution: Resolution) => void>();
  const watches = new Map<string, () => void>();
  let resolution: Resolution = resolve([]);
  let told = "";
  let fileOf = new Map<string, string>();
  let reading: Promise<void> | undefined;
  let again = false;
  let closed = false;

  async function readAll(): Promise<void> {
    const files: ReadFile[] = [];
    const watched = [...roots];
    for (const root of roots) {
      for (const folder of await listFolders(root)) {
        watched.push(folder);
        const file = join(folder, FILE);
        const text = await findText(file);
        if (text !== undefined) files.push({ text, file });
      }
    }
    if (closed) return;
    follow(watched);
    const parsed = parseModuleFiles(files);
    const found = readAccepted(files, parsed, accepted.current.modules, fileOf, resolveNow(parsed));
    resolution = found.resolution;
    fileOf = found.fileOf;
    if (JSON.stringify(found.modules) !== JSON.stringify(accepted.current.modules)) accepted.replace(found.modules);
    const problems = JSON.stringify([found.modules, resolution.rejected, resolution.waiting, resolution.warnings]);
    if (problems === told) return;
    told = problems;
    for (const listener of [...listeners]) listener(resolution);
  }

  function resolveNow({ modules, drafts, problems, locate }: ParsedModules): Resolution {
    const running = new Map(accepted.current.modules.map((module) => [module.metadata.name, module.spec.version]));
    return resolve(modules, { ...options.checks, drafts, problems, locate, local: true, running });
  }

  function follow(watched: readonly string[]): void {
    for (const folder of watched) if (!watches.has(folder)) watches.set(folder, watchFolder(folder, changed));
    for (const [folder, stop] of watches) {
      if (watched.includes(folder)) continue;
      stop();
      watches.delete(folder);
    }
  }

  function changed(): void {
    refresh().catch((error: unknown) => logger.error("The module files cannot be read; the last known modules stay.", { error }));
  }

  /** A change during a reading is read after it, so that the last state is never missed. */
  function refresh(): Promise<void> {
    again = reading !== undefined;
    reading ??= (async () => {
      try {
        do {
          again = false;
          await readAll();
        } while (again && !closed);
      } finally {
        reading = undefined;
      }
    })();
    return reading;
  }

  await refresh();
  return {
    get current() {
      return accepted.current;
    },
    onChange: accepted.onChange,
    get resolution() {
      return resolution;
    },
    onResolution(listener) {
      const own = (next: Resolution) => listener(next);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    folderOf(module) {
      const file = fileOf.get(module);
      return file === undefined ? undefined : dirname(file);
    },
    refresh,
    close() {
      closed = true;
      for (const stop of watches.values()) stop();
      watches.clear();
    },
  };
}

async function listFolders(root: string): Promise<string[]> {
  let entries: Dirent[];
  try {
    entries = await readdir(root, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const names = entries.filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith("."));
  return names.map((entry) => join(root, entry.name)).sort();
}

async function findText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}
