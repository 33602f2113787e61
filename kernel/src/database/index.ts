export {
  ALL_TENANTS,
  type Database,
  type RememberedReads,
  type RememberOptions,
  type Statement,
  type Transaction,
  type TransactionOptions,
} from "./database.ts";
export { databaseErrorCode, isConnectionFailure, isSerializationFailure, onUniqueViolation } from "./database-errors.ts";
export { dropModule, type ModuleToDrop } from "./drop-module.ts";
export { type MigrateOptions, type MigrationState, migrate, migrationStatus } from "./migrate.ts";
export { loadMigrations, type Migration, type MigrationSource, type MigrationTransaction, sqlMigration } from "./migration.ts";
export { type ModuleRoles, moduleRoles, quoteIdentifier } from "./module-roles.ts";
export { type DatabaseOptions, type OpenDatabase, openDatabase, type PoolLimits } from "./open-database.ts";
export { listEntityPage, listPage, type PageOrder, type SqlPage } from "./pagination.ts";
export {
  type ModuleToProvision,
  type ProvisionedModule,
  type ProvisionOptions,
  provisionModule,
  provisionModules,
} from "./provision-module.ts";
export type { DatabaseMetrics } from "./query-observer.ts";
export { tellChangesSql } from "./tell-changes.ts";
export { enableTenancySql } from "./tenancy.ts";
