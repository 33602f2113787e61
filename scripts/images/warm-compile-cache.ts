/** Loads, while the image is made, what its processes will load, so that Node's compile cache in the image has it. */
import { execFileSync } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { flushCompileCache, getCompileCacheDir } from "node:module";
import { resolve } from "node:path";

if (getCompileCacheDir() === undefined) throw new Error("NODE_COMPILE_CACHE names no folder that can be written to.");

// Whole programs: main files would run, and everything else is reached from these.
const ENTRIES = [
  "services/*/src/index.ts",
  "cli/src/program.ts",
  "cli/src/commands/*.ts",
  "cli/src/cluster/**/*.ts",
  "operator/src/index.ts",
  "operator/src/{admission,commands,kube,module,plan,process,runtime}/**/*.ts",
];

for (const pattern of ENTRIES) {
  for (const file of globSync(pattern)) {
    if (existsSync(file) && !file.includes(".test.")) await import(resolve(file));
  }
}
flushCompileCache();
// A main file alone that is not in there would load all that strips types.
execFileSync(process.execPath, ["operator/src/main.ts", "--help"], { stdio: "ignore" });
// Some of it keeps timers or sockets.
process.exit(0);
