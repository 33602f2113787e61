import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { join } from "node:path";
import { watchSources } from "../local/watch-sources.ts";
import { findProject } from "../project.ts";
import { type PreparedRun, prepareRun } from "./prepared-run.ts";

/** Rooms whose code runs in every module. */
const SHARED = ["kernel", "module", "proto", "cli"];

/**
 * Runs `plinth run <name>` in a process below this one, and starts it anew whenever a source file of the module or of what it stands on changes. Once
 * the module itself was edited, the process of the next edit waits prepared beside the one that runs. One that breaks stays down until the next change:
 * in a pod the container lives on, and with it the files that were edited. Resolves at SIGTERM or SIGINT with the exit code.
 */
export async function runWatched(name: string): Promise<number> {
  const { root, servicesFolder } = findProject();
  let ending: NodeJS.Signals | undefined;
  let wake = (): void => {};
  let child: ChildProcess | undefined;
  let prepared: PreparedRun | undefined;
  let isEdited = false;
  const restart = (): void => {
    process.stderr.write(`files changed; starting ${name} again\n`);
    child?.kill("SIGTERM");
    wake();
  };
  const dismissPrepared = (): void => {
    prepared?.process.kill("SIGKILL");
    prepared = undefined;
  };
  const unwatch = [
    watchSources([join(servicesFolder, name)], () => {
      isEdited = true;
      restart();
    }),
    watchSources(
      SHARED.map((room) => join(root, room)),
      () => {
        // It has loaded what was there before.
        dismissPrepared();
        restart();
      },
    ),
  ];
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
      const run = prepared ?? prepareRun(name);
      prepared = undefined;
      child = run.process;
      const ended = child.exitCode === null && child.signalCode === null ? once(child, "exit") : [child.exitCode];
      run.call(() => {
        if (isEdited && ending === undefined) prepared ??= prepareRun(name);
      });
      const [code] = (await ended) as [number | null];
      child = undefined;
      if (ending !== undefined) return code ?? 128 + constants.signals[ending];
      if (changed) continue;
      process.stderr.write(`${name} ended; it starts again when a file changes\n`);
      await change;
      if (ending !== undefined) return code ?? 0;
    }
  } finally {
    for (const end of unwatch) end();
    dismissPrepared();
  }
}
