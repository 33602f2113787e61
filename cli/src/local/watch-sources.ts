import { type Dirent, type FSWatcher, readdirSync, watch } from "node:fs";
import { join } from "node:path";

/** Editors write a file in several steps, and a sync tool many files. */
const SETTLE_MS = 80;

const SOURCE = /(?<!\.test)\.(ts|js|json)$/;

/**
 * Calls `onChange` soon after a source file anywhere below one of the folders was written, replaced or removed; folders that come later are found. Every
 * folder is watched by itself: a watch on a file ends when another one is put in its place, which is how tar and many editors write. The answer ends it.
 */
export function watchSources(folders: readonly string[], onChange: () => void): () => void {
  const watchers = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | undefined;

  function attach(folder: string): void {
    let entries: Dirent[];
    try {
      entries = readdirSync(folder, { withFileTypes: true });
      if (!watchers.has(folder)) {
        const watcher = watch(folder, (_event, name) => changed(folder, name));
        watcher.on("error", () => detach(folder));
        watchers.set(folder, watcher);
      }
    } catch {
      detach(folder);
      return;
    }
    for (const entry of entries) if (entry.isDirectory() && entry.name !== "node_modules") attach(join(folder, entry.name));
  }

  function detach(folder: string): void {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  }

  function changed(folder: string, name: string | null): void {
    // Whatever is no file by its name may be a folder that is new, or gone.
    if (name !== null && !name.includes(".")) attach(join(folder, name));
    else if (name !== null && !SOURCE.test(name)) return;
    clearTimeout(timer);
    timer = setTimeout(onChange, SETTLE_MS);
  }

  for (const folder of folders) attach(folder);
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers.values()) watcher.close();
    watchers.clear();
  };
}
