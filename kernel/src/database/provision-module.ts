import { randomBytes } from "node:crypto";
import { Client, escapeLiteral } from "pg";
import { databaseErrorCode } from "./database-errors.ts";
import { moduleRoles, quoteIdentifier } from "./module-roles.ts";

export interface ModuleToProvision {
  readonly module: string;
  /** Its schema; named after the module unless it declares another name. */
  readonly schema?: string;
  /** Kept passwords, so that noted URLs stay right. Absent: new ones. */
  readonly ownerPassword?: string;
  readonly servicePassword?: string;
}

export interface ProvisionedModule {
  readonly module: string;
  readonly schema: string;
  readonly ownerPassword: string;
  readonly servicePassword: string;
  /** For migrations. Holds the password. */
  readonly ownerUrl: string;
  /** For the running service. Holds the password. */
  readonly url: string;
}

export interface ProvisionOptions {
  /** Put before each role's name; see `moduleRoles`. */
  readonly rolePrefix?: string;
}

/** Any constant does; it must only differ from other uses of advisory locks in this database. */
export const PROVISION_LOCK = 7_310_001;
/** Roles belong to the whole server, the lock to one database: provisioning of another database may collide. */
const TRIES = 5;
/** unique_violation, duplicate_object, and what a concurrent ALTER ROLE raises (no code of its own). */
const COLLISIONS = new Set(["23505", "42710", "XX000"]);

/** `provisionModules` for one module. */
export async function provisionModule(adminUrl: string, module: ModuleToProvision, options?: ProvisionOptions): Promise<ProvisionedModule> {
  const [provisioned] = await provisionModules(adminUrl, [module], options);
  if (provisioned === undefined) throw new Error("unreachable: one module in, one out");
  return provisioned;
}

/**
 * Gives each module a schema, an owner role and a service role in the database of `adminUrl`. Safe to repeat and to
 * run from several processes at once: all is done in one transaction under one lock. Throws, and makes nothing, where a
 * role of such a name is more than a module's: it would get the module's password.
 */
export async function provisionModules(
  adminUrl: string,
  modules: readonly ModuleToProvision[],
  options: ProvisionOptions = {},
): Promise<ProvisionedModule[]> {
  const provisioned = modules.map((module) => withUrls(adminUrl, module, options.rolePrefix));
  const client = new Client({ connectionString: adminUrl, application_name: "plinth-provision" });
  await client.connect();
  try {
    await refuseAdministrators(client, modules, options.rolePrefix);
    const { rows } = await client.query<{ superuser: boolean }>("select rolsuper as superuser from pg_roles where rolname = current_user");
    const sql = [
      `begin; select pg_advisory_xact_lock(${PROVISION_LOCK});`,
      ...provisioned.map((module) => moduleSql(module, options.rolePrefix, rows[0]?.superuser === true)),
      "commit;",
    ].join("\n");
    for (let attempt = 1; ; attempt++) {
      try {
        await client.query(sql);
        break;
      } catch (error) {
        await client.query("rollback");
        if (attempt === TRIES || !COLLISIONS.has(databaseErrorCode(error))) throw error;
      }
    }
  } finally {
    await client.end();
  }
  return provisioned;
}

/** A module may be named as somebody who is there already: `postgres`, or the administrator of a managed server. */
async function refuseAdministrators(client: Client, modules: readonly ModuleToProvision[], prefix: string | undefined): Promise<void> {
  const byRole = new Map(
    modules.flatMap(({ module }) => {
      const { service, owner } = moduleRoles(module, prefix);
      return [[service, module] as const, [owner, module] as const];
    }),
  );
  const { rows } = await client.query<{ name: string }>(
    `select rolname as name from pg_roles where rolname = any ($1)
     and (rolname = current_user or rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls)`,
    [[...byRole.keys()]],
  );
  const [found] = rows;
  if (found === undefined) return;
  throw new Error(
    `The role ${found.name} of this Postgres is an administrator's: module ${byRole.get(found.name)} cannot have it. Give the module another name.`,
  );
}

function withUrls(adminUrl: string, module: ModuleToProvision, prefix: string | undefined): ProvisionedModule {
  const roles = moduleRoles(module.module, prefix);
  const ownerPassword = module.ownerPassword ?? newPassword();
  const servicePassword = module.servicePassword ?? newPassword();
  return {
    module: module.module,
    schema: module.schema ?? roles.schema,
    ownerPassword,
    servicePassword,
    ownerUrl: urlAs(adminUrl, roles.owner, ownerPassword),
    url: urlAs(adminUrl, roles.service, servicePassword),
  };
}

function moduleSql(module: ProvisionedModule, prefix: string | undefined, superuser: boolean): string {
  const roles = moduleRoles(module.module, prefix);
  const schema = quoteIdentifier(module.schema);
  const jobsSchema = quoteIdentifier(`${module.schema}_jobs`);
  const owner = quoteIdentifier(roles.owner);
  const service = quoteIdentifier(roles.service);
  const granted = (objects: string, rights: string, where: string): string =>
    `alter default privileges for role ${owner} in schema ${where} grant ${rights} on ${objects} to ${service};`;
  return [
    roleSql(roles.owner, module.ownerPassword),
    roleSql(roles.service, module.servicePassword),
    // An administrator who is not superuser (a managed Postgres) must be a member to make things in the owner's name.
    superuser ? "" : `grant ${owner} to current_user;`,
    ...[schema, jobsSchema].flatMap((name) => [
      `create schema if not exists ${name} authorization ${owner};`,
      `grant usage on schema ${name} to ${service};`,
      granted("tables", "select, insert, update, delete", name),
      granted("sequences", "usage, select", name),
    ]),
    // Functions are open to everybody unless told otherwise.
    `alter default privileges for role ${owner} revoke execute on functions from public;`,
    granted("functions", "execute", schema),
    granted("functions", "execute", jobsSchema),
  ].join("\n");
}

function roleSql(role: string, password: string): string {
  const name = quoteIdentifier(role);
  const attributes = `login nosuperuser nocreatedb nocreaterole nobypassrls noreplication password ${escapeLiteral(password)}`;
  return `do $plinth$ begin
  if exists (select from pg_roles where rolname = ${escapeLiteral(role)}) then alter role ${name} with login password ${escapeLiteral(password)};
  else create role ${name} with ${attributes};
  end if;
end $plinth$;`;
}

function urlAs(adminUrl: string, user: string, password: string): string {
  const url = new URL(adminUrl);
  url.username = user;
  url.password = password;
  return url.href;
}

/** 192 random bits, in characters that need no quoting in a URL. */
function newPassword(): string {
  return randomBytes(24).toString("base64url");
}
