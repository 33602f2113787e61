import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Tells one process of this machine from all others, also from later ones with the same number. */
export interface ProcessMark {
  readonly pid: number;
  /** When it began, as the system says it; empty where it does not. */
  readonly since: string;
}

/** The mark of this process. */
export function ownMark(): ProcessMark {
  return { pid: process.pid, since: startOf(process.pid) };
}

/** Whether the marked process still runs. One that was killed and whose parent has not noticed yet does not. */
export function isRunning({ pid, since }: ProcessMark): boolean {
  return isAlive(pid) && startOf(pid) === since;
}

/** Whether any process has this number; cheap. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // It lives, but is not ours to signal.
  }
}

function startOf(pid: number): string {
  try {
    // Field 22, in ticks since boot; the second field is the program's name in parentheses and may hold spaces: count from its end. Z is the
    // state of the dead that their parent has not noticed.
    if (process.platform === "linux") return /\) [^Z](?: -?\d+){18} (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1] ?? "";
    if (process.platform === "win32") return "";
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8", env: { LC_ALL: "C", TZ: "UTC" } }).trim();
  } catch {
    return "";
  }
}
