import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { join } from "node:path";
import { watchSources } from "../local/watch-sources.ts";
import { findProject } from "../project.ts";

/** Rooms whose code runs in every module. */
const SHARED = ["kernel", "module", "proto", "cli"];

/**
 * Runs `plinth run <name>` in a process below this one, and starts it anew whenever a source file of the module or of what it stands on changes. One
 * that breaks stays down until the next change: in a pod the container lives on, and with it the files that were edited. Resolves at SIGTERM or SIGINT
 * with the exit code.
 */
export async function runWatched(name: string): Promise<number> {
  const { root, servicesFolder } = findProject();
  let ending: NodeJS.Signals | undefined;
  let wake = (): void => {};
  let child: ChildProcess | undefined;
  const unwatch = watchSources([join(servicesFolder, name), ...SHARED.map((room) => join(root, room))], () => {
    process.stderr.write(`files changed; starting ${name} again\n`);
    child?.kill("SIGTERM");
    wake();
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      ending = signal;
      child?.kill(signal);
      wake();
    });
  }
  try {
    for (;;) {
      let changed = false;
      const change = new Promise<void>((resolve) => {
        wake = () => {
          changed = true;
          resolve();
        };
      });
      child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? "", "run", name], { stdio: "inherit" });
      const [code] = (await once(child, "exit")) as [number | null];
      child = undefined;
      if (ending !== undefined) return code ?? 128 + constants.signals[ending];
      if (changed) continue;
      process.stderr.write(`${name} ended; it starts again when a file changes\n`);
      await change;
      if (ending !== undefined) return code ?? 0;
    }
  } finally {
    unwatch();
  }
}
