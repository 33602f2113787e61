import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isAlive } from "../base/process-mark.ts";

const FAST_SHUTDOWN_MS = 20_000;

/**
 * Clears the way for a new start: a server that outlived its parent (killed with SIGKILL where the system cannot pass that on) is shut down
 * cleanly. The folder must have been claimed: then nobody else's living process started that server.
 */
export async function stopLeftoverServer(dataFolder: string): Promise<void> {
  const pid = livePostmaster(dataFolder);
  if (pid === undefined) return;
  signal(pid, "SIGINT");
  if (await gone(pid, FAST_SHUTDOWN_MS)) return;
  // Immediate shutdown: as safe as a power cut, the log is replayed at the next start.
  signal(pid, "SIGQUIT");
  if (await gone(pid, FAST_SHUTDOWN_MS)) return;
  throw new Error(`A server left over from an earlier run (process ${pid}, folder ${dataFolder}) does not stop. End it, then start again.`);
}

/**
 * The process named in the folder's lock file, if it is a living Postgres. Where the number now belongs to another
 * program (after a reboot, say), the lock file is removed: Postgres itself only sees that somebody has the number.
 */
function livePostmaster(dataFolder: string): number | undefined {
  const lockFile = join(dataFolder, "postmaster.pid");
  if (!existsSync(lockFile)) return undefined;
  const pid = Number(readFileSync(lockFile, "utf8").split("\n")[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined;
  if (/postgres/.test(commandOf(pid))) return pid;
  rmSync(lockFile, { force: true });
  return undefined;
}

function commandOf(pid: number): string {
  try {
    if (process.platform === "linux") return readFileSync(`/proc/${pid}/cmdline`, "utf8");
    return execFileSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" });
  } catch {
    return ""; // It ended between the two looks.
  }
}

function signal(pid: number, name: "SIGINT" | "SIGQUIT"): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (isAlive(pid))
      throw new Error(`No right to stop the server left over from an earlier run (process ${pid}). End it, then start again.`, {
        cause: error,
      });
  }
}

async function gone(pid: number, withinMs: number): Promise<boolean> {
  for (const end = Date.now() + withinMs; Date.now() < end; await delay(20)) if (!isAlive(pid)) return true;
  return false;
}
