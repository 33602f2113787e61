import { type Database, databaseErrorCode, moduleRoles, openDatabase } from "@plinth/kernel/database";
import { silentLogger } from "@plinth/kernel/logging";
import { databaseSchema, didYouMean, type Module } from "@plinth/module";
import { findProject } from "../project.ts";
import { type ReadModules, readModules } from "./read-modules.ts";
import { withPostgres } from "./with-postgres.ts";

/** A module's schema, opened as administrator: rows of all tenants are seen. */
export interface ModuleDatabase {
  readonly module: string;
  readonly schema: string;
  readonly url: string;
  readonly database: Database;
}

/** What the tables are asked before a module's first start. */
const NO_SUCH_TABLE = "42P01";
const NO_SUCH_SCHEMA = "3F000";

/** The modules that have a database, or the one that is asked for. Throws for a module that is not there, or has none. */
export function modulesWithDatabase({ all }: ReadModules, wanted?: string): Module[] {
  if (wanted === undefined) return all.filter(({ spec }) => spec.database !== undefined);
  const module = findModule(all, wanted);
  if (module.spec.database === undefined) throw new Error(`Module ${wanted} declares no database.`);
  return [module];
}

/** Throws with the nearest name where there is none of that name. */
export function findModule(modules: readonly Module[], name: string): Module {
  const module = modules.find(({ metadata }) => metadata.name === name);
  if (module !== undefined) return module;
  const near = didYouMean(
    name,
    modules.map(({ metadata }) => metadata.name),
  );
  throw new Error(`There is no module ${name}.${near === undefined ? " See: plinth modules" : ` Did you mean ${near}?`}`);
}

/** Does `work` in the schema of each module that has one, or of the one that is asked for. Skips what was never migrated. */
export async function inModuleDatabases<T>(wanted: string | undefined, work: (opened: ModuleDatabase) => Promise<T[]>): Promise<T[]> {
  const project = findProject();
  const modules = modulesWithDatabase(readModules(project), wanted);
  return withPostgres(project, async (url) => {
    const results: T[] = [];
    for (const module of modules) {
      const schema = databaseSchema(module) ?? moduleRoles(module.metadata.name).schema;
      const database = await openDatabase({ url, schema, entities: [], logger: silentLogger, pool: { min: 0, max: 2 } });
      try {
        results.push(...(await work({ module: module.metadata.name, schema, url, database })));
      } catch (error) {
        if (![NO_SUCH_TABLE, NO_SUCH_SCHEMA].includes(databaseErrorCode(error))) throw error;
        if (wanted !== undefined) throw new Error(`Module ${wanted} was never migrated. Start it, or run: plinth migrate up ${wanted}`);
      } finally {
        await database.close();
      }
    }
    return results;
  });
}
