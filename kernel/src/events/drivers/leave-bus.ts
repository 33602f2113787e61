import { Client } from "pg";
import { moduleRoles, quoteIdentifier } from "../../database/module-roles.ts";
import type { ProvisionOptions } from "../../database/provision-module.ts";
import { BUS_SCHEMA } from "./postgres-bus-tables.ts";
import { BUS_MODULE } from "./provision-bus.ts";

export interface MemberToRemove extends ProvisionOptions {
  /** Its group forgets how far it has read. */
  readonly module: string;
}

/**
 * Takes a module off the Postgres bus in the database of `adminUrl`: it may not use it any more, and its consumer group goes with its positions. What it
 * published stays as long as its topics keep it. Safe to repeat, and where there is no bus.
 */
export async function leaveBus(adminUrl: string, { module, rolePrefix }: MemberToRemove): Promise<void> {
  const bus = moduleRoles(BUS_MODULE, rolePrefix);
  const member = moduleRoles(module, rolePrefix).service;
  const client = new Client({ connectionString: adminUrl, application_name: "plinth-drop" });
  await client.connect();
  try {
    const { rows } = await client.query<{ hasBus: boolean; isMember: boolean }>(
      `select to_regclass($1) is not null as "hasBus", exists (
         select from pg_auth_members m where m.roleid = to_regrole($2) and m.member = to_regrole($3)) as "isMember"`,
      [`${BUS_SCHEMA}.groups`, quoteIdentifier(bus.service), quoteIdentifier(member)],
    );
    if (rows[0]?.isMember) await client.query(`revoke ${quoteIdentifier(bus.service)} from ${quoteIdentifier(member)}`);
    if (rows[0]?.hasBus)
      await client.query(
        `with gone as (delete from ${BUS_SCHEMA}.groups where name = $1 returning id)
         delete from ${BUS_SCHEMA}.positions where group_id in (select id from gone)`,
        [module],
      );
  } finally {
    await client.end();
  }
}
