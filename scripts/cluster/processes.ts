import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { waitUntil } from "./wait-until.ts";

/** A process by its id and the moment it started, in clock ticks since boot: ids are used again, the pair is not. */
export interface ProcessId {
  readonly pid: number;
  readonly startTime: string;
}

/** Starts a process that outlives this one, with its output in `logFile`. */
export function startDetached(command: string, args: readonly string[], logFile: string): ProcessId {
  const log = openSync(logFile, "a");
  try {
    const child = spawn(command, args, {
      detached: true,
      cwd: "/",
      stdio: ["ignore", log, log],
      env: { PATH: "/run/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin" },
    });
    // Reported by `pid` being undefined.
    child.on("error", () => {});
    child.unref();
    const id = child.pid === undefined ? undefined : findProcess(child.pid);
    if (id === undefined) throw new Error(`${command} could not be started.`);
    return id;
  } finally {
    closeSync(log);
  }
}

/** The process that now has this id; undefined when none has, or only a dead one that nobody has waited for. */
export function findProcess(pid: number): ProcessId | undefined {
  try {
    // The name, in brackets, may hold spaces and brackets; the fields after it start with the state.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const startTime = fields[19];
    return startTime === undefined || fields[0] === "Z" ? undefined : { pid, startTime };
  } catch {
    return undefined;
  }
}

export function isAlive(id: ProcessId | undefined): id is ProcessId {
  return id !== undefined && findProcess(id.pid)?.startTime === id.startTime;
}

export function childrenOf(pid: number): ProcessId[] {
  try {
    const pids = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
    return pids.flatMap((child) => findProcess(Number(child)) ?? []);
  } catch {
    return [];
  }
}

/** Sends the signal unless the process is gone, or its id belongs to another by now. */
export function signal(id: ProcessId, name: NodeJS.Signals): void {
  if (!isAlive(id)) return;
  try {
    process.kill(id.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Asks the process to end, and after `graceMs` ends it. */
export async function stop(id: ProcessId, graceMs: number): Promise<void> {
  signal(id, "SIGTERM");
  try {
    await waitUntil(`Process ${id.pid} ends`, () => !isAlive(id), graceMs);
  } catch {
    signal(id, "SIGKILL");
    await waitUntil(`Process ${id.pid} ends`, () => !isAlive(id), 10_000);
  }
}
