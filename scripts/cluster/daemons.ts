import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive, startDetached } from "./processes.ts";
import { inside } from "./sandbox.ts";
import type { Cluster } from "./settings.ts";
import { type State, writeState } from "./state.ts";

/** A program that runs inside as long as the cluster is up. */
export interface Daemon {
  readonly name: string;
  /** The program; the name where not given. */
  readonly program?: string;
  readonly args: readonly string[];
}

/** Starts the daemon unless it runs. */
export function startDaemon(cluster: Cluster, state: State, daemon: Daemon): void {
  if (isAlive(state.daemons[daemon.name])) return;
  mkdirSync(join(cluster.folder, "logs"), { recursive: true });
  const [nsenter = "", ...args] = inside(state, [daemon.program ?? daemon.name, ...daemon.args]);
  state.daemons[daemon.name] = startDetached(nsenter, args, logOf(cluster, daemon.name));
  writeState(cluster, state);
}

export function isRunning(state: State, name: string): boolean {
  return isAlive(state.daemons[name]);
}

/** The end of what it wrote, for messages. */
export function lastLines(cluster: Cluster, name: string): string {
  try {
    return readFileSync(logOf(cluster, name), "utf8").trim().split("\n").slice(-5).join("\n");
  } catch {
    return "";
  }
}

function logOf(cluster: Cluster, name: string): string {
  return join(cluster.folder, "logs", `${name}.log`);
}
