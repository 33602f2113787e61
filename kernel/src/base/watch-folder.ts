import { type FSWatcher, type Stats, statSync, watch } from "node:fs";
import { stat } from "node:fs/promises";

export interface WatchFolderOptions {
  /** Changes within this time are told as one: editors and Kubernetes touch several files for one change. */
  debounceMs?: number;
  /** How often it is checked that the folder is still the one that is watched. */
  checkMs?: number;
}

/**
 * Calls `onChange` soon after anything in `folder` changes. The folder is watched rather than its files: editors replace a file by
 * renaming another over it, and Kubernetes swaps a symbolic link, which ends a watch on the file itself. The folder need not exist yet; when
 * it appears, vanishes or is replaced, that is a change too. Does not keep the process alive. The answer stops it.
 */
export function watchFolder(folder: string, onChange: () => void, options: WatchFolderOptions = {}): () => void {
  const debounceMs = options.debounceMs ?? 50;
  let watcher: FSWatcher | undefined;
  let watched = "";
  let pending: NodeJS.Timeout | undefined;
  let stopped = false;

  function changed(): void {
    if (stopped || pending !== undefined) return;
    pending = setTimeout(() => {
      pending = undefined;
      onChange();
    }, debounceMs);
    pending.unref();
  }

  function detach(): void {
    watcher?.close();
    watcher = undefined;
    watched = "";
  }

  function attach(identity: string): void {
    try {
      watcher = watch(folder, { persistent: false }, changed);
      watcher.on("error", detach);
      watched = identity;
    } catch {
      detach();
    }
  }

  async function check(): Promise<void> {
    const identity = identityOf(await stat(folder).catch(() => undefined));
    if (stopped || identity === watched) return;
    detach();
    if (identity !== "") attach(identity);
    changed();
  }

  // At once, so that no change after this call is missed.
  const identity = identityOf(statSync(folder, { throwIfNoEntry: false }));
  if (identity !== "") attach(identity);
  const timer = setInterval(() => void check(), options.checkMs ?? 1000);
  timer.unref();

  return () => {
    stopped = true;
    clearInterval(timer);
    clearTimeout(pending);
    detach();
  };
}

/** Another folder under the same name has another identity; none, and what is no folder, has the empty one. */
function identityOf(found: Stats | undefined): string {
  return found?.isDirectory() ? `${found.dev}:${found.ino}` : "";
}
