import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** Where built programs and images are kept between runs, by name and version. */
export const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "plinth");

/**
 * Runs `work` while no other process does so under the same file. The file names its owner; one whose owner is gone is taken over, so a killed
 * build blocks nobody. `onWait` is told once, when somebody else is at it.
 */
export async function withLock<T>(file: string, onWait: () => void, work: () => Promise<T> | T): Promise<T> {
  let told = false;
  while (!tryLock(file)) {
    if (!told) onWait();
    told = true;
    await delay(200);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function tryLock(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    if (!isAbandoned(file)) return false;
    // Renamed, not removed: of two that see the same leftover only one takes it away.
    const aside = `${file}.${process.pid}`;
    try {
      renameSync(file, aside);
    } catch {
      return false;
    }
    rmSync(aside, { force: true });
    return false;
  }
}

function isAbandoned(file: string): boolean {
  try {
    const owner = Number(readFileSync(file, "utf8"));
    // Not written yet, or killed in between.
    if (owner === 0) return Date.now() - statSync(file).mtimeMs > 10_000;
    process.kill(owner, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
