import { quoteIdentifier } from "./module-roles.ts";

/** The setting that carries the tenant of a transaction; `*` shows the rows of every tenant. */
export const TENANT_SETTING = "plinth.tenant";

/**
 * SQL for a migration: hides the rows of `table` from every tenant but their own, from its owner too. The table needs
 * `tenant_id text not null default current_setting('plinth.tenant')`. Without a tenant nothing is visible. Lists still
 * name `tenant_id` in their WHERE, so that an index that begins with it serves them.
 */
export function enableTenancySql(table: string): string {
  const name = quoteIdentifier(table);
  const tenant = `current_setting('${TENANT_SETTING}', true)`;
  return `
alter table ${name} enable row level security;
alter table ${name} force row level security;
create policy tenant on ${name}
  using (tenant_id = ${tenant} or ${tenant} = '*')
  with check (tenant_id <> '*' and (tenant_id = ${tenant} or ${tenant} = '*'));`;
}
