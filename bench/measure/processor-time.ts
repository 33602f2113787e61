import { readFile } from "node:fs/promises";
import type { Load } from "./load.ts";

export interface CountedLoad extends Load {
  /** Calls for each second of processor time that the server took: does not care who else is at work on the machine. */
  readonly perCpuSecond: number;
}

/** Runs a load, and counts the processor time that the server takes meanwhile. */
export async function counted(pid: number, load: () => Promise<Load>): Promise<CountedLoad> {
  const before = await processorSeconds(pid);
  const found = await load();
  return { ...found, perCpuSecond: found.calls / ((await processorSeconds(pid)) - before) };
}

/** USER_HZ, in which /proc counts, is 100 on every Linux. */
const TICKS_PER_SECOND = 100;

/** The processor time a process has taken so far, in user and system mode; with `ended` also that of its children that have ended. */
export async function processorSeconds(pid: number, { ended = false } = {}): Promise<number> {
  // The name, in brackets, may hold blanks; user and system time are fields 14 and 15 of all, those of ended children the two after them.
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ") ?? [];
  return fields.slice(11, ended ? 15 : 13).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
}
