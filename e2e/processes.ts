import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";

/** Whether there is such a process; one that has ended and waits for its parent to notice is none. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return !/^\d+ \(.*\) Z /s.test(statOf(pid));
}

/** All that a process has started, and what those have started. */
export function descendantsOf(pid: number): number[] {
  const children = Map.groupBy(parents(), ([, parent]) => parent);
  const below = (of: number): number[] => (children.get(of) ?? []).flatMap(([child]) => [child, ...below(child)]);
  return below(pid);
}

/** The server's main process, as it says itself in its data folder. */
export function postmasterOf(dataFolder: string): number {
  return Number(readFileSync(join(dataFolder, "postgres", "postmaster.pid"), "utf8").split("\n")[0]);
}

/** Whether somebody takes connections at a URL's port. */
export function listens(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((accept) => {
    const socket = connect(Number(port), hostname);
    socket.once("connect", () => {
      socket.destroy();
      accept(true);
    });
    socket.once("error", () => accept(false));
  });
}

/** Each process with its parent. Small systems have no `ps`, and others no `/proc`. */
function parents(): [pid: number, parent: number][] {
  if (existsSync("/proc/self/stat")) {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((name) => [Number(name), Number(/\) \S (\d+)/.exec(statOf(Number(name)))?.[1] ?? 0)]);
  }
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  return lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
}

function statOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return "";
  }
}
