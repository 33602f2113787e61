import { conflict, type PlinthError } from "../base/errors.ts";
import { ALL_TENANTS, type Database } from "../database/database.ts";
import { type MigrationSource, sqlMigration } from "../database/migration.ts";
import { enableTenancySql } from "../database/tenancy.ts";
import type { StateStore } from "./state-store.ts";

/** The table behind `postgresStateStore`, in the module's own schema. */
export const stateMigrations: MigrationSource = {
  name: "plinth-state",
  migrations: [
    sqlMigration(
      "0001-state",
      `create table state (
         tenant_id text not null default current_setting('plinth.tenant'),
         key text not null check (length(key) between 1 and 512),
         value jsonb not null,
         -- Grows over the whole table, so that an entry deleted and made anew never has an old etag again.
         version bigint not null generated always as identity,
         expires_at timestamptz,
         primary key (tenant_id, key)
       );
       create index state_expires_at on state (expires_at) where expires_at is not null;
       ${enableTenancySql("state")}`,
    ),
  ],
};

/** Expired rows are deleted this many at a time, so that no statement holds locks for long. */
const DELETE_BATCH = 1_000;

const ALIVE = "(expires_at is null or expires_at > now())";

/** A state store in the module's schema; needs `stateMigrations`. */
export function postgresStateStore(database: Database): StateStore {
  return {
    async get<Value>(key: string) {
      const [row] = await database.read((tx) =>
        tx.query<{ value: Value; etag: string; expiresAt: Date | null }>(
          `select value, version::text as etag, expires_at as "expiresAt" from state where tenant_id = $1 and key = $2 and ${ALIVE}`,
          [tx.tenantId, key],
        ),
      );
      return row === undefined ? undefined : { value: row.value, etag: row.etag, expiresAt: row.expiresAt ?? undefined };
    },
    async put(key, value, { ifMatch, ttlSeconds } = {}) {
      const [row] = await database.statement((tx) =>
        tx.query<{ etag: string }>(
          // $4: any state will do; $5: the version that must be there, or none for "nothing alive is there".
          `insert into state (key, value, expires_at)
           select $1, $2::jsonb, now() + $3::float8 * interval '1 second'
           where $4 or $5::bigint is null or exists (select from state where tenant_id = $6 and key = $1 and version = $5::bigint and ${ALIVE})
           on conflict (tenant_id, key) do update set value = excluded.value, version = default, expires_at = excluded.expires_at
           where $4 or case when $5::bigint is null then state.expires_at <= now() else state.version = $5::bigint and (state.expires_at is null or state.expires_at > now()) end
           returning version::text as etag`,
          [key, JSON.stringify(value), ttlSeconds ?? null, ifMatch === undefined, ifMatch ?? null, tx.tenantId],
        ),
      );
      if (row === undefined) throw stateChanged(key);
      return row.etag;
    },
    async delete(key, { ifMatch } = {}) {
      return database.transaction(async (tx) => {
        const [row] = await tx.query<{ etag: string }>(
          `select version::text as etag from state where tenant_id = $1 and key = $2 and ${ALIVE} for update`,
          [tx.tenantId, key],
        );
        if (row === undefined) return false;
        if (ifMatch !== undefined && row.etag !== ifMatch) throw stateChanged(key);
        await tx.query("delete from state where tenant_id = $1 and key = $2", [tx.tenantId, key]);
        return true;
      });
    },
    async take<Value>(key: string) {
      const [row] = await database.statement((tx) =>
        tx.query<{ value: Value; alive: boolean | null }>(
          `delete from state where tenant_id = $1 and key = $2 returning value, ${ALIVE} as alive`,
          [tx.tenantId, key],
        ),
      );
      return row?.alive ? row.value : undefined;
    },
    async deleteExpired() {
      for (let total = 0; ; ) {
        const deleted = await database.statement(
          (tx) =>
            tx.query(
              `delete from state where (tenant_id, key) in
                 (select tenant_id, key from state where expires_at <= now() order by expires_at limit ${DELETE_BATCH} for update skip locked)
               returning 1`,
            ),
          { tenantId: ALL_TENANTS },
        );
        total += deleted.length;
        if (deleted.length < DELETE_BATCH) return total;
      }
    },
  };
}

function stateChanged(key: string): PlinthError {
  return conflict("The entry was changed by somebody else. Read it again and repeat the change.", {
    reason: "STATE_CHANGED",
    metadata: { key },
  });
}
