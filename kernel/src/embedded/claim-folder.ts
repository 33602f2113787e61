import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { isRunning, ownMark, type ProcessMark } from "../base/process-mark.ts";

/**
 * Makes the data folder ours until the answer is called, before anything in it is touched: two of us at once would make it in each other's
 * way, and stop each other's server. The claim is a file beside the folder, `<dataFolder>.owner`; one that a killed process left is taken
 * over. Throws where a living process has it.
 */
export function claimFolder(dataFolder: string): () => void {
  const file = ownerFile(dataFolder);
  mkdirSync(dirname(dataFolder), { recursive: true });
  const written = `${file}.${process.pid}`;
  writeFileSync(written, JSON.stringify(ownMark()));
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

function inUse(dataFolder: string, { pid }: ProcessMark): Error {
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
function removeStale(file: string, stale: ProcessMark | undefined): void {
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

function readOwner(dataFolder: string): ProcessMark | undefined {
  return ownerIn(ownerFile(dataFolder));
}

function ownerIn(file: string): ProcessMark | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as ProcessMark;
  } catch {
    return undefined; // Gone since, or not ours: nobody we know has the folder.
  }
}

function ownerFile(dataFolder: string): string {
  return `${dataFolder}.owner`;
}
