import { escapeIdentifier } from "pg";

/** The names under which a module lives in the database; all follow from the module's name. */
export interface ModuleRoles {
  readonly schema: string;
  /** Owns the tables and runs the migrations. */
  readonly owner: string;
  /** What the running service connects as: reads and writes rows, defines nothing. */
  readonly service: string;
}

/**
 * `prefix` tells apart platforms that share one Postgres server: roles belong to the whole server, schemas to one
 * database.
 */
export function moduleRoles(module: string, prefix = ""): ModuleRoles {
  const name = module.replaceAll("-", "_");
  return { schema: name, owner: `${prefix}${name}_owner`, service: `${prefix}${name}` };
}

/** The service role that goes with an owner role, as `moduleRoles` names them. */
export function serviceRoleOf(owner: string): string {
  return owner.replace(/_owner$/, "");
}

export { escapeIdentifier as quoteIdentifier };
