import { Client } from "pg";
import { moduleRoles, quoteIdentifier } from "./module-roles.ts";
import { PROVISION_LOCK, type ProvisionOptions } from "./provision-module.ts";

export interface ModuleToDrop {
  readonly module: string;
  /** Its schema; named after the module unless it declares another name. */
  readonly schema?: string;
}

/** How long a connection of the module's may take to end. */
const TERMINATION_MS = 10_000;

/** Everything outside the dropped schemas that a CASCADE could take along. */
const COUNT_OTHERS = `select (select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname <> all ($1) and n.nspname !~ '^pg_')
  + (select count(*) from pg_constraint c join pg_namespace n on n.oid = c.connamespace where n.nspname <> all ($1))
  + (select count(*) from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname <> all ($1))
  + (select count(*) from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     where n.nspname <> all ($1) and n.nspname !~ '^pg_' and not a.attisdropped) as count`;

/**
 * Drops what `provisionModule` made for a module: its schema, that of its jobs, and its two roles, whose connections end. For ever. Safe to repeat.
 *
 * Throws, and drops nothing, where a schema of this name belongs to anybody but the module, or something outside of it hangs on it. What its roles made
 * elsewhere in the database becomes the administrator's.
 */
export async function dropModule(adminUrl: string, { module, schema }: ModuleToDrop, options: ProvisionOptions = {}): Promise<void> {
  const roles = moduleRoles(module, options.rolePrefix);
  const named = schema ?? roles.schema;
  const schemas = [named, `${named}_jobs`];
  const client = new Client({ connectionString: adminUrl, application_name: "plinth-drop" });
  await client.connect();
  try {
    await client.query("select pg_advisory_lock($1)", [PROVISION_LOCK]);
    const present = await rolesOf(client, [roles.owner, roles.service]);
    if (present.length === 0) return;
    await requireOwn(client, module, schemas, roles.owner);
    await sendAway(client, present);
    await dropAll(client, module, schemas, present);
  } finally {
    await client.end(); // Gives back the lock too.
  }
}

async function rolesOf(client: Client, names: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>("select rolname as name from pg_roles where rolname = any ($1)", [names]);
  return rows.map(({ name }) => name);
}

async function requireOwn(client: Client, module: string, schemas: readonly string[], owner: string): Promise<void> {
  const { rows } = await client.query<{ name: string; owner: string }>(
    "select nspname as name, nspowner::regrole::text as owner from pg_namespace where nspname = any ($1) and pg_get_userbyid(nspowner) <> $2",
    [schemas, owner],
  );
  const [other] = rows;
  if (other !== undefined)
    throw new Error(`The schema ${other.name} belongs to ${other.owner}, and not to module ${module} (${owner}). Nothing was dropped.`);
}

/** Nobody comes in any more, and who is in has to go: a schema in use cannot be dropped, and a role with connections must not be. */
async function sendAway(client: Client, roles: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ superuser: boolean }>("select rolsuper as superuser from pg_roles where rolname = current_user");
  for (const role of roles.map(quoteIdentifier)) {
    // An administrator who is not superuser (a managed Postgres) must be a member to act for a role.
    if (rows[0]?.superuser !== true) await client.query(`grant ${role} to current_user`);
    await client.query(`alter role ${role} nologin`);
  }
  const { rows: ended } = await client.query<{ ended: boolean }>(
    "select pg_terminate_backend(pid, $2) as ended from pg_stat_activity where usename = any ($1) and pid <> pg_backend_pid()",
    [roles, TERMINATION_MS],
  );
  if (ended.some((one) => !one.ended))
    throw new Error(`Connections of ${roles.join(" or ")} did not end within ${TERMINATION_MS / 1000} s.`);
}

async function dropAll(client: Client, module: string, schemas: readonly string[], roles: readonly string[]): Promise<void> {
  const countOthers = async (): Promise<string | undefined> =>
    (await client.query<{ count: string }>(COUNT_OTHERS, [schemas])).rows[0]?.count;
  const names = roles.map(quoteIdentifier).join(", ");
  // One snapshot for all of it: what others make meanwhile must not look like ours.
  await client.query("begin isolation level repeatable read");
  try {
    const before = await countOthers();
    for (const schema of schemas) await client.query(`drop schema if exists ${quoteIdentifier(schema)} cascade`);
    if ((await countOthers()) !== before)
      throw new Error(`Something outside the schema of module ${module} hangs on it. Nothing was dropped.`);
    await client.query(`reassign owned by ${names} to current_user`);
    await client.query(`drop owned by ${names}`);
    await client.query(`drop role ${names}`);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
}
