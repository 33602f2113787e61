import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { processorSeconds } from "./processor-time.ts";

/** The process and all below it. */
export async function familyOf(root: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-e", "-o", "pid=,ppid="]);
  const pairs = stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const family = [root];
  for (const member of family) for (const [pid = 0, parent] of pairs) if (parent === member) family.push(pid);
  return family;
}

/** What a process holds in memory now, in MB. */
export async function residentMb(pid: number): Promise<number> {
  return (await kilobytes(`/proc/${pid}/status`, "VmRSS")) / 1024;
}

/** What processes hold together, in MB: what several share counts once. One that has ended meanwhile holds nothing. */
export async function sharedMb(pids: readonly number[]): Promise<number> {
  const shares = await Promise.all(pids.map((pid) => kilobytes(`/proc/${pid}/smaps_rollup`, "Pss").catch(() => 0)));
  return shares.reduce((sum, share) => sum + share, 0) / 1024;
}

/** The processor time that a process and all below it have taken so far, those included that have ended and that it has waited for. */
export async function familySeconds(root: number): Promise<number> {
  const [, ...others] = await familyOf(root);
  const shares = await Promise.all(others.map((pid) => processorSeconds(pid).catch(() => 0)));
  return shares.reduce((sum, share) => sum + share, await processorSeconds(root, { ended: true }));
}

async function kilobytes(file: string, field: string): Promise<number> {
  const text = await readFile(file, "utf8");
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? Number.NaN);
}
