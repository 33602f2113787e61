import { rmSync } from "node:fs";
import { removeCgroups } from "./cgroups.ts";
import { isRunning } from "./daemons.ts";
import { disconnect } from "./network.ts";
import { stopSandbox } from "./sandbox.ts";
import type { Cluster } from "./settings.ts";
import { readState } from "./state.ts";
import { restoreSysctls } from "./sysctls.ts";
import { waitUntil } from "./wait-until.ts";

/** Ends the cluster and leaves the host as it was before the first `up`. Its data goes; built programs and images stay in the cache. */
export async function down(cluster: Cluster, report: (line: string) => void): Promise<void> {
  const state = readState(cluster);
  report("Processes");
  await stopSandbox(state);
  for (const name of Object.keys(state.daemons)) await waitUntil(`${name} ends`, () => !isRunning(state, name), 10_000);
  report("Network and kernel settings");
  disconnect(cluster);
  restoreSysctls(cluster);
  report("Files");
  await removeCgroups(cluster);
  rmSync(cluster.folder, { recursive: true, force: true });
}
