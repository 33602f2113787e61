import { join } from "node:path";
import { migrate } from "../database/migrate.ts";
import { loadMigrations, type MigrationSource, sqlMigration } from "../database/migration.ts";
import { eventMigrations } from "../events/event-tables.ts";
import { migrateJobs } from "../jobs/migrate-jobs.ts";
import type { Logger } from "../logging/logger.ts";
import { IDEMPOTENCY_EFFECT_SQL, IDEMPOTENCY_TABLE_SQL } from "../rpc/idempotency-store.ts";
import { sagaMigrations } from "../sagas/saga-tables.ts";
import { stateMigrations } from "../state/postgres-state-store.ts";

const idempotencyMigrations: MigrationSource = {
  name: "idempotency",
  migrations: [
    sqlMigration("0001-idempotency-keys", IDEMPOTENCY_TABLE_SQL),
    sqlMigration("0002-idempotency-effect", IDEMPOTENCY_EFFECT_SQL),
  ],
};

/** Of a module, only its name matters here. */
type NamedModule = { readonly metadata: { readonly name: string } };

/** The tables that the kernel keeps in every module's schema, then the module's own. */
export async function migrationSources(module: NamedModule, folder: string): Promise<MigrationSource[]> {
  const own = await loadMigrations(module.metadata.name, join(folder, "migrations"));
  return [eventMigrations, idempotencyMigrations, stateMigrations, sagaMigrations, own];
}

export interface MigrateModuleOptions {
  readonly module: NamedModule;
  /** The module's folder, with its `migrations/`. */
  readonly folder: string;
  /** Connects as the schema's owner. */
  readonly ownerUrl: string;
  readonly schema: string;
  readonly logger: Logger;
}

/** Brings everything in a module's schema up to date; answers the ids of what was applied. */
export async function migrateModule({ module, folder, ownerUrl, schema, logger }: MigrateModuleOptions): Promise<string[]> {
  const sources = await migrationSources(module, folder);
  const [applied] = await Promise.all([
    migrate({ url: ownerUrl, schema, sources, logger }),
    migrateJobs({ url: ownerUrl, schema, logger }),
  ]);
  return applied;
}
