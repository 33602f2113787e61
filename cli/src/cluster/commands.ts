import { writeFileSync } from "node:fs";
import { createLogger, type Logger } from "@plinth/kernel/logging";
import { findProject } from "../project.ts";
import { dropInCluster } from "./drop.ts";
import { migrateInCluster } from "./migrate.ts";
import { podFolders } from "./pod-files.ts";
import { provisionInCluster } from "./provision.ts";

/** Where a container leaves what is read from its pod's status. */
const TERMINATION_LOG = "/dev/termination-log";

/** `plinth cluster provision`: the first step of a migration Job. */
export function provision(module: string): Promise<void> {
  return logged(module, (logger) => provisionInCluster(module, podFolders(), logger, declaredSchema()));
}

/** `plinth cluster migrate`: the second step, which leaves its result as the container's termination message. */
export function migrate(module: string): Promise<void> {
  return logged(module, async (logger) => {
    const result = await migrateInCluster(module, findProject().servicesFolder, podFolders(), logger, declaredSchema());
    logger.info("the schema is up to date", { ...result });
    writeFileSync(process.env.PLINTH_TERMINATION_LOG ?? TERMINATION_LOG, JSON.stringify(result));
  });
}

/** `plinth cluster drop`: what goes with a module whose data go with it. */
export function drop(module: string): Promise<void> {
  return logged(module, (logger) => dropInCluster(module, podFolders(), logger, declaredSchema()));
}

/** The schema's name where the module's declaration gives it one: Jobs run before that is where pods would read it. */
function declaredSchema(): string | undefined {
  return process.env.PLINTH_DATABASE_SCHEMA;
}

async function logged(module: string, work: (logger: Logger) => Promise<void>): Promise<void> {
  const logger = createLogger({ module, version: "", level: "info", format: "json" });
  try {
    await work(logger);
  } finally {
    await logger.close();
  }
}
