import { type ProvisionedModule, provisionModules } from "@plinth/kernel/database";
import { provisionBus } from "@plinth/kernel/events";
import type { Logger } from "@plinth/kernel/logging";
import { migrateModule } from "@plinth/kernel/service";
import { databaseSchema, type Module } from "@plinth/module";

/** Whether a module needs a role in the database: for its own schema, or for the bus. */
export function needsDatabaseRole(module: Module): boolean {
  return module.spec.database !== undefined || module.spec.events !== undefined;
}

/**
 * Gives every module its role and schema, and makes the bus. Passwords are new at each start and never leave this
 * process and its children.
 */
export async function provisionDatabases(
  adminUrl: string,
  modules: readonly Module[],
  logger: Logger,
): Promise<Map<string, ProvisionedModule>> {
  const wanted = modules.filter(needsDatabaseRole).map((module) => {
    const schema = databaseSchema(module);
    return { module: module.metadata.name, ...(schema !== undefined && { schema }) };
  });
  const provisioned = await provisionModules(adminUrl, wanted);
  await provisionBus(adminUrl, { members: provisioned.map(({ url }) => decodeURIComponent(new URL(url).username)), logger });
  return new Map(provisioned.map((one) => [one.module, one]));
}

/** Brings a module's schema up to date; nothing to do where it declares no database. */
export async function migrateDatabase(
  module: Module,
  folder: string,
  database: ProvisionedModule | undefined,
  logger: Logger,
): Promise<void> {
  if (module.spec.database === undefined || database === undefined) return;
  await migrateModule({ module, folder, ownerUrl: database.ownerUrl, schema: database.schema, logger });
}
