import { type MigrationSource, sqlMigration } from "../database/migration.ts";
import { enableTenancySql } from "../database/tenancy.ts";

/** The tables behind `createSagas`, in the module's own schema. */
export const sagaMigrations: MigrationSource = {
  name: "plinth-sagas",
  migrations: [
    sqlMigration(
      "0001-sagas",
      `create table sagas (
         id text primary key,
         tenant_id text not null default current_setting('plinth.tenant'),
         name text not null,
         key text not null check (length(key) between 1 and 255),
         -- Tells whether a second start under the same key wants the same thing.
         input_hash text not null,
         state jsonb not null,
         status text not null check (status in ('running', 'turning-back', 'done', 'turned-back')),
         -- The step that comes next, or that is to be undone next; the name, so that a newer version of the code finds its way.
         step text,
         attempt integer not null default 0,
         failure jsonb,
         -- Who works on it; a worker whose lease was taken over no longer finds its row.
         owner uuid,
         wake_at timestamptz not null default now(),
         request_id text not null,
         trace_id text,
         created_at timestamptz not null default now(),
         finished_at timestamptz,
         unique (tenant_id, name, key)
       );
       create index sagas_wake_at on sagas (wake_at) where finished_at is null;
       create table saga_entries (
         tenant_id text not null default current_setting('plinth.tenant'),
         saga_id text not null references sagas (id) on delete cascade,
         position bigint not null generated always as identity,
         step text not null,
         direction text not null check (direction in ('do', 'undo')),
         attempt integer not null,
         outcome text not null check (outcome in ('done', 'skipped', 'refused', 'failed')),
         started_at timestamptz not null,
         duration_ms integer not null,
         error text,
         trace_id text,
         primary key (saga_id, position)
       );
       ${enableTenancySql("sagas")}
       ${enableTenancySql("saga_entries")}`,
    ),
    sqlMigration(
      "0002-waiting",
      `-- How long the step at hand may wait for word from outside; null before it first did.
       alter table sagas add column waits_until timestamptz;
       -- Word came while somebody worked on it: it must not lie down to wait for what has happened already.
       alter table sagas add column woken boolean not null default false;
       alter table saga_entries drop constraint saga_entries_outcome_check;
       alter table saga_entries add constraint saga_entries_outcome_known
         check (outcome in ('done', 'skipped', 'waiting', 'refused', 'failed')) not valid;`,
    ),
  ],
};
