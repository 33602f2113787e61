import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { isAlive } from "./data-folder.ts";

/** The process that runs a server on a data folder. */
interface Owner {
  readonly pid: number;
  /** When that process began: after a reboot its number may be another program's. Empty where the system does not say. */
  readonly since: string;
}

/**
 * Makes the data folder ours until the answer is called, before anything in it is touched: two of us at once would make it in each other's
 * way, and stop each other's server. The claim is a file beside the folder, `<dataFolder>.owner`; one that a killed process left is taken
 * over. Throws where a living process has it.
 */
export function claimFolder(dataFolder: string): () => void {
  const file = ownerFile(dataFolder);
  const own: Owner = { pid: process.pid, since: startOf(process.pid) };
  mkdirSync(dirname(dataFolder), { recursive: true });
  const written = `${file}.${process.pid}`;
  writeFileSync(written, JSON.stringify(own));
  try {
    // A link comes whole or not at all; a file opened for writing could be read while it is empty.
    while (!linked(written, file)) {
      const owner = readOwner(dataFolder);
      if (owner !== undefined && isRunning(owner)) throw inUse(dataFolder, owner);
      removeStale(file, owner);
    }
  } finally {
    rmSync(written, { force: true });
  }
  return () => rmSync(file, { force: true });
}

/** The process that has the folder now; undefined where nobody has. */
export function findOwner(dataFolder: string): number | undefined {
  const owner = readOwner(dataFolder);
  return owner !== undefined && isRunning(owner) ? owner.pid : undefined;
}

function inUse(dataFolder: string, { pid }: Owner): Error {
  return new Error(
    `The data folder ${dataFolder} is in use: process ${pid} runs a server on it. Stop that one first, or choose another folder.`,
  );
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Of several that found the same dead owner, a slow one must not remove what a fast one has put there since: it looks again at what it took. */
function removeStale(file: string, stale: Owner | undefined): void {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if (JSON.stringify(ownerIn(aside)) === JSON.stringify(stale)) rmSync(aside, { force: true });
  else renameSync(aside, file);
}

function readOwner(dataFolder: string): Owner | undefined {
  return ownerIn(ownerFile(dataFolder));
}

function ownerIn(file: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Owner;
  } catch {
    return undefined; // Gone since, or not ours: nobody we know has the folder.
  }
}

function isRunning({ pid, since }: Owner): boolean {
  return isAlive(pid) && startOf(pid) === since;
}

function startOf(pid: number): string {
  try {
    // Field 22, in ticks since boot; the second field is the program's name in parentheses and may hold spaces: count from its end. A process
    // that was killed and whose parent has not noticed yet (Z) runs no more.
    if (process.platform === "linux") return /\) [^Z](?: -?\d+){18} (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1] ?? "";
    if (process.platform === "win32") return "";
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8", env: { LC_ALL: "C", TZ: "UTC" } }).trim();
  } catch {
    return "";
  }
}

function ownerFile(dataFolder: string): string {
  return `${dataFolder}.owner`;
}
