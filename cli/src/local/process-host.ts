import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Logger } from "@plinth/kernel/logging";
import type { Project } from "../project.ts";
import type { Foundation } from "./foundation.ts";
import { exitOf, keepRunning } from "./kept-running.ts";
import type { ModuleHost, RunningModule } from "./module-host.ts";
import { DRAIN, type ModuleOrder, type ModuleReport } from "./module-messages.ts";

const CHILD = fileURLToPath(new URL("./module-process.ts", import.meta.url));

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
      const kept = await keepRunning(name, () => launch(order), logger);
      const running: RunningModule = {
        get ports() {
          return kept.current.ports;
        },
        async drain() {
          const { child } = kept.current;
          if (child.connected) child.send(DRAIN);
        },
        stop: () => kept.stop(),
      };
      return running;
    },
  };
}

/** Resolves when the module is ready; rejects with what it said when it is not. */
async function launch(order: ModuleOrder): Promise<{ readonly child: ChildProcess; readonly ports: RunningModule["ports"] }> {
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
