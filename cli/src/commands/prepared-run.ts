import { type ChildProcess, spawn } from "node:child_process";
import { isInPod } from "../cluster/pod-environment.ts";

const CALL = "run";
const RUNS = "runs";

/** A process that has loaded, or loads, what every module stands on, and runs the module once it is called: most of a start is that loading. */
export interface PreparedRun {
  readonly process: ChildProcess;
  /** Lets it run the module. `onRuns` hears when the module takes calls. */
  call(onRuns: () => void): void;
}

export function prepareRun(name: string): PreparedRun {
  const command = [...process.execArgv, process.argv[1] ?? "", "run", name, "--when-called"];
  const child = spawn(process.execPath, command, { stdio: ["inherit", "inherit", "inherit", "ipc"] });
  return {
    process: child,
    call(onRuns) {
      child.on("message", (message) => {
        if (message === RUNS) onRuns();
      });
      // One that died has told why, and its exit is what counts.
      child.send(CALL, () => {});
    },
  };
}

/** In that process: returns when it is called. It ends with the one above it. */
export async function untilCalled(): Promise<void> {
  const called = new Promise<void>((resolve) => {
    const end = (): void => process.exit();
    process.once("disconnect", end);
    process.once("message", () => {
      process.off("disconnect", end);
      resolve();
    });
  });
  await (isInPod() ? import("../cluster/run-in-cluster.ts") : import("./run.ts"));
  await called;
}

/** In that process: says that the module takes calls. */
export function tellThatItRuns(): void {
  process.send?.(RUNS);
}
