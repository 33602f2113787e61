import { quoteIdentifier } from "./module-roles.ts";

/** The channel on which the tables of a schema tell of their changes, with the tenant whose rows changed as payload. */
export function changesChannel(schema: string): string {
  return `${schema}_changes`;
}

/** The payload where the rows of every tenant may have changed. */
export const EVERY_TENANT = "*";

/**
 * SQL for a migration: `tables` tell of each change of their rows by NOTIFY, whoever makes it, so that `database.remember` knows. It is for tables that
 * are read far more often than they change: notifying transactions commit one after the other.
 */
export function tellChangesSql(...tables: readonly string[]): string {
  return [TELL_CHANGE, ...tables.map(triggersSql)].join("\n");
}

/** Per statement: however many rows it changes, each tenant is named once. */
const TELL_CHANGE = `
create or replace function tell_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'TRUNCATE' then
    perform pg_notify(tg_table_schema || '_changes', '${EVERY_TENANT}');
  else
    perform pg_notify(tg_table_schema || '_changes', tenant_id) from (select distinct tenant_id from changed) as tenants;
  end if;
  return null;
end $$;`;

function triggersSql(table: string): string {
  const name = quoteIdentifier(table);
  const each = "for each statement execute function tell_change()";
  return `
create trigger tell_insert after insert on ${name} referencing new table as changed ${each};
create trigger tell_update after update on ${name} referencing new table as changed ${each};
create trigger tell_delete after delete on ${name} referencing old table as changed ${each};
create trigger tell_truncate after truncate on ${name} ${each};`;
}
