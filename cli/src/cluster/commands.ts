import { writeFileSync } from "node:fs";
import { createLogger, type Logger } from "@plinth/kernel/logging";
import { findProject } from "../project.ts";
import { migrateInCluster } from "./migrate.ts";
import { podFolders } from "./pod-files.ts";
import { provisionInCluster } from "./provision.ts";

/** Where a container leaves what is read from its pod's status. */
const TERMINATION_LOG = "/dev/termination-log";

/** `plinth cluster provision`: the first step of a migration Job. */
export function provision(module: string): Promise<void> {
  return logged(module, (logger) => provisionInCluster(module, podFolders(), logger));
}

/** `plinth cluster migrate`: the second step, which leaves its result as the container's termination message. */
export function migrate(module: string): Promise<void> {
  return logged(module, async (logger) => {
    const result = await migrateInCluster(module, findProject().servicesFolder, podFolders(), logger);
    logger.info("the schema is up to date", { ...result });
    writeFileSync(process.env.PLINTH_TERMINATION_LOG ?? TERMINATION_LOG, JSON.stringify(result));
  });
}

async function logged(module: string, work: (logger: Logger) => Promise<void>): Promise<void> {
  const logger = createLogger({ module, version: "", level: "info", format: "json" });
  try {
    await work(logger);
  } finally {
    await logger.close();
  }
}
