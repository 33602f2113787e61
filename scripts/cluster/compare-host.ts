/**
 * Notes what a cluster could change of this machine, and tells later what is different:
 *
 *     node scripts/cluster/compare-host.ts save state.json
 *     node scripts/cluster/compare-host.ts compare state.json
 *
 * Exit code 1 when something is.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { compareHostStates, type HostState, takeHostState } from "./host-state.ts";

const [command, file] = process.argv.slice(2);
if (file === undefined || (command !== "save" && command !== "compare")) {
  process.stderr.write("Usage: node scripts/cluster/compare-host.ts save|compare <file>\n");
  process.exitCode = 2;
} else if (command === "save") {
  writeFileSync(file, JSON.stringify(takeHostState()));
} else {
  const differences = compareHostStates(JSON.parse(readFileSync(file, "utf8")) as HostState, takeHostState());
  for (const line of differences) process.stdout.write(`${line}\n`);
  if (differences.length > 0) process.exitCode = 1;
}
