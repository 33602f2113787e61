import { dropModule } from "@plinth/kernel/database";
import { leaveBus } from "@plinth/kernel/events";
import type { Logger } from "@plinth/kernel/logging";
import { mountedRoles } from "./credentials.ts";
import type { PodFolders } from "./pod-files.ts";
import { whenPostgresAnswers } from "./when-postgres-answers.ts";

/** The record of what was done outlives whoever asks for its end; the bus is everybody's. */
const NEVER_DROPPED: ReadonlySet<string> = new Set(["audit", "plinth-bus"]);

/**
 * Drops what a module has on Postgres, for ever: its schema, that of its jobs, its roles, its place on the bus. Safe to repeat. Throws for modules that keep
 * their data whatever their declaration says, and for a schema that belongs to somebody else.
 */
export async function dropInCluster(module: string, folders: PodFolders, logger: Logger, schema?: string): Promise<void> {
  if (NEVER_DROPPED.has(module)) {
    throw new Error(
      `The data of module ${module} are never dropped: set its deletionPolicy to Retain to let it go, and drop them by hand if they must.`,
    );
  }
  const { adminUrl, service, options } = mountedRoles(module, folders);
  await whenPostgresAnswers(
    async () => {
      await dropModule(adminUrl, { module, ...(schema !== undefined && { schema }) }, options);
      await leaveBus(adminUrl, { ...options, module });
    },
    { logger },
  );
  logger.info("schema and roles are gone", { role: service.user });
}
