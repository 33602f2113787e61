import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../base/clock.ts";

export const LOCK_FILE = ".lock";

/** Making a key takes well under a second; a lock this old was left by a process that died. */
const STALE_MS = 15_000;
const POLL_MS = 25;

/** Runs `work` while no other process does the same in this folder. The folder is made when it is missing. */
export async function withFolderLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const path = join(folder, LOCK_FILE);
  while (!(await acquired(path))) {
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > STALE_MS) {
      // Renaming lets only one of several waiters remove it.
      const aside = `${path}.${randomUUID()}`;
      await rename(path, aside).then(
        () => rm(aside, { force: true }),
        () => undefined,
      );
    } else await systemClock.sleep(POLL_MS);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function acquired(path: string): Promise<boolean> {
  try {
    await (await open(path, "wx")).close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}
