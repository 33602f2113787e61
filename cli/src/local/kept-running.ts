import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "@plinth/kernel/logging";

const FIRST_RESTART_MS = 100;
const LAST_RESTART_MS = 10_000;

/** A process that serves. */
export interface Launched {
  readonly child: ChildProcess;
}

/** A process that is started again whenever it ends. */
export interface KeptRunning<Process extends Launched> {
  /** The one that runs now. */
  readonly current: Process;
  /** SIGTERM, and waits for its end. */
  stop(): Promise<void>;
}

/** Launches a module's process, and again, after growing pauses, when it ends unasked. Rejects where it does not start the first time. */
export async function keepRunning<Process extends Launched>(
  module: string,
  launch: () => Promise<Process>,
  logger: Logger,
): Promise<KeptRunning<Process>> {
  let current = await launch();
  let stopping = false;
  const supervise = async (): Promise<void> => {
    for (let wait = FIRST_RESTART_MS; ; wait = Math.min(wait * 2, LAST_RESTART_MS)) {
      const [code, signal] = (await exitOf(current.child)) as [number | null, string | null];
      if (stopping) return;
      logger.error("a module's process ended; it is started again", { ended_module: module, exit: signal ?? code });
      await delay(wait);
      if (stopping) return;
      try {
        current = await launch();
        wait = FIRST_RESTART_MS;
        // It was told to end while nobody knew of this one yet.
        if (stopping) current.child.kill("SIGTERM");
      } catch (error) {
        logger.error("a module's process did not start", { failed_module: module, error });
      }
    }
  };
  const supervised = supervise();
  return {
    get current() {
      return current;
    },
    async stop() {
      stopping = true;
      const { child } = current;
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      await supervised;
    },
  };
}

export async function exitOf(child: ChildProcess): Promise<unknown[]> {
  return child.exitCode === null && child.signalCode === null ? once(child, "exit") : [child.exitCode, child.signalCode];
}
