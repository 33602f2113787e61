import type { Module } from "@plinth/module";
import { type ProvisionedModule, provisionModules } from "../database/provision-module.ts";
import { provisionBus } from "../events/drivers/provision-bus.ts";
import { silentLogger } from "../logging/silent-logger.ts";
import { migrateModule } from "../service/kernel-migrations.ts";
import type { TestDatabase } from "./test-postgres.ts";

export interface ModuleInFolder {
  readonly module: Module;
  /** With its `migrations/`. */
  readonly folder: string;
}

/** Roles, schemas and tables of these modules, and the bus between them; answers in their order. Safe to repeat. */
export async function provisionServices(
  database: TestDatabase,
  services: readonly ModuleInFolder[],
): Promise<readonly ProvisionedModule[]> {
  const { adminUrl, rolePrefix } = database;
  const withSchemas = services.map(({ module: { metadata, spec } }) => {
    const schema = spec.database?.schema;
    return { module: metadata.name, ...(schema === undefined ? {} : { schema }) };
  });
  const provisioned = await provisionModules(adminUrl, withSchemas, { rolePrefix });
  const members = provisioned.map(({ url }) => decodeURIComponent(new URL(url).username));
  await provisionBus(adminUrl, { members, logger: silentLogger, rolePrefix });
  for (const [index, { module, folder }] of services.entries()) {
    const own = provisioned[index];
    if (own === undefined || module.spec.database === undefined) continue;
    await migrateModule({ module, folder, ownerUrl: own.ownerUrl, schema: own.schema, logger: silentLogger });
  }
  return provisioned;
}
