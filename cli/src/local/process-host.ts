import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Logger } from "@plinth/kernel/logging";
import type { Project } from "../project.ts";
import type { Foundation } from "./foundation.ts";
import type { ModuleHost, RunningModule } from "./module-host.ts";
import { DRAIN, type ModuleOrder, type ModuleReport } from "./module-messages.ts";

const CHILD = fileURLToPath(new URL("./module-process.ts", import.meta.url));
const FIRST_RESTART_MS = 100;
const LAST_RESTART_MS = 10_000;

export interface ProcessHostOptions {
  readonly project: Project;
  readonly foundation: Foundation;
  readonly logger: Logger;
}

/** Each module in a process of its own; one that dies is started again. */
export function processHost({ project, foundation, logger }: ProcessHostOptions): ModuleHost {
  return {
    async start(module) {
      const { name } = module.metadata;
      const order: ModuleOrder = { module: name, project, databaseUrl: foundation.databases.get(name)?.url };
      let { child, ports } = await launch(order);
      let stopping = false;
      const supervise = async (): Promise<void> => {
        for (let wait = FIRST_RESTART_MS; ; wait = Math.min(wait * 2, LAST_RESTART_MS)) {
          const [code, signal] = (await exitOf(child)) as [number | null, string | null];
          if (stopping) return;
          logger.error("a module's process ended; it is started again", { ended_module: name, exit: signal ?? code });
          await delay(wait);
          if (stopping) return;
          try {
            ({ child, ports } = await launch(order));
            wait = FIRST_RESTART_MS;
          } catch (error) {
            logger.error("a module's process did not start", { failed_module: name, error });
          }
        }
      };
      const supervised = supervise();
      const running: RunningModule = {
        get ports() {
          return ports;
        },
        async drain() {
          if (child.connected) child.send(DRAIN);
        },
        async stop() {
          stopping = true;
          if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
          await supervised;
        },
      };
      return running;
    },
  };
}

async function exitOf(child: ChildProcess): Promise<unknown[]> {
  return child.exitCode === null && child.signalCode === null ? once(child, "exit") : [child.exitCode, child.signalCode];
}

/** Resolves when the module is ready; rejects with what it said when it is not. */
async function launch(order: ModuleOrder): Promise<{ child: ChildProcess; ports: RunningModule["ports"] }> {
  // A group of its own: Ctrl-C reaches the parent alone, which stops the modules in their order.
  const child = fork(CHILD, { stdio: ["ignore", "inherit", "inherit", "ipc"], detached: true });
  child.send(order);
  const ended = once(child, "exit").then(([code, signal]) => {
    throw new Error(`The process of module ${order.module} ended before it was ready (${signal ?? `exit ${code}`}).`);
  });
  const [report] = (await Promise.race([once(child, "message"), ended])) as [ModuleReport];
  ended.catch(() => {});
  if (report.kind === "ready") return { child, ports: report.ports };
  await exitOf(child);
  throw new Error(report.message);
}
