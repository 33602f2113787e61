import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProcessId } from "./processes.ts";
import type { Cluster } from "./settings.ts";

/** What `up` did to the host; written before it is done, so that `down` can undo also what was interrupted. */
export interface State {
  /** Holds the namespaces: `unshare` on the host, and process 1 within, which dies with it. */
  sandbox?: { outer: ProcessId; init?: ProcessId };
  /** The commands on the host behind which each daemon runs. */
  daemons: Record<string, ProcessId>;
  /** What lies in the node's image store: the image id by name. */
  images: Record<string, string>;
}

export function readState(cluster: Cluster): State {
  try {
    return JSON.parse(readFileSync(join(cluster.folder, "state.json"), "utf8")) as State;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return { daemons: {}, images: {} };
  }
}

export function writeState(cluster: Cluster, state: State): void {
  mkdirSync(cluster.folder, { recursive: true });
  const file = join(cluster.folder, "state.json");
  writeFileSync(`${file}.new`, JSON.stringify(state, undefined, 2));
  renameSync(`${file}.new`, file);
}
