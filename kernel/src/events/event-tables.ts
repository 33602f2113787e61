import type { MigrationSource } from "../database/migration.ts";
import { sqlMigration } from "../database/migration.ts";

/** How many tables the outbox rotates through. One is written, one may be pinned by a long transaction; the others are spare. */
export const OUTBOX_SLOTS = 4;

/** Keys are locked by their hash modulo this: the server's table of locks has room for some thousands. */
export const KEY_LOCKS = 1024;

/** The channel on which a module's relay is woken. */
export function outboxChannel(schema: string): string {
  return `plinth_outbox_${schema}`;
}

/**
 * What a module's schema needs to publish and to subscribe.
 *
 * The outbox is a ring of tables. Moved rows are deleted, and a long snapshot anywhere in the database would keep the
 * dead ones for every scan to step over; so the relay lets writers go on in a clean table from time to time, and an
 * emptied table is truncated. TRUNCATE needs the owner: the function runs in its name.
 */
export const eventMigrations: MigrationSource = {
  name: "events",
  migrations: [
    sqlMigration(
      "0001-outbox-inbox-dead-letters",
      `
-- For the functions below: a caller's temporary table must not stand in for a table of ours.
select set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
create sequence outbox_id;
create table outbox (
  slot smallint not null,
  id bigint not null default nextval('outbox_id'),
  topic text not null,
  key_hash integer not null,
  event_id text collate "C" not null,
  envelope json not null
) partition by list (slot);
${Array.from({ length: OUTBOX_SLOTS }, (_, slot) => `create table outbox_${slot} partition of outbox for values in (${slot});`).join("\n")}
create index outbox_in_order on outbox (id);
create table outbox_slot (only_row boolean primary key default true check (only_row), slot smallint not null);
insert into outbox_slot (slot) values (0);

-- Numbers are drawn after the keys are locked, and the locks end with the commit: of two transactions that publish for one key, the later to commit
-- has the higher number. Callers give the buckets of their keys in order, so that no two wait for each other.
create function publish_events(lock_class integer, buckets integer[], topics text[], key_hashes integer[], event_ids text[], envelopes text[], wake boolean)
returns void language plpgsql as $$
declare
  bucket integer;
  written smallint;
begin
  foreach bucket in array buckets loop perform pg_advisory_xact_lock(lock_class, bucket); end loop;
  select slot into written from outbox_slot;
  insert into outbox (slot, topic, key_hash, event_id, envelope)
    select written, e.topic, e.key_hash, e.event_id, e.envelope::json
    from unnest(topics, key_hashes, event_ids, envelopes) with ordinality as e (topic, key_hash, event_id, envelope, place) order by e.place;
  if wake then perform pg_notify('plinth_outbox_' || current_schema(), ''); end if;
end $$;

-- Empties the tables that are not written, and lets writers go on in one of them. A transaction that began before may still write into the old one: a table
-- is cleaned only when nobody holds it and nothing is left in it.
create function rotate_outbox() returns boolean language plpgsql security definer set search_path from current as $$
declare
  written smallint;
  candidate smallint;
  clean smallint;
  left_over boolean;
begin
  select slot into written from outbox_slot;
  for step in 1 .. ${OUTBOX_SLOTS - 1} loop
    candidate := (written + step) % ${OUTBOX_SLOTS};
    begin
      execute format('lock table outbox_%s in access exclusive mode nowait', candidate);
      execute format('select exists (select from outbox_%s)', candidate) into left_over;
      if not left_over then
        if pg_relation_size(format('outbox_%s', candidate)::regclass) > 0 then
          execute format('truncate outbox_%s', candidate);
        end if;
        clean := coalesce(clean, candidate);
      end if;
    exception when lock_not_available then null;
    end;
  end loop;
  if clean is not null then update outbox_slot set slot = clean; end if;
  return clean is not null;
end $$;

create table inbox (event_id text collate "C" primary key);

create table dead_letters (
  event_id text collate "C" primary key,
  topic text not null,
  type text not null,
  key text not null,
  tenant_id text not null,
  envelope json not null,
  reason text not null,
  error text not null,
  attempts integer not null,
  failed_at timestamptz not null default now(),
  replay_requested_at timestamptz
);
create index dead_letters_to_replay on dead_letters (replay_requested_at) where replay_requested_at is not null;
`,
    ),
    sqlMigration(
      "0002-publish-prepared",
      `
-- For a statement that publishes what it did itself: of the prepared events those that it names, in the order in which they were prepared; what stands beside
-- a name goes into that event's data. Answers the names.
create function publish_prepared(prepared jsonb, named jsonb) returns text[] language plpgsql as $$
declare
  chosen record;
begin
  select array_agg(e.name order by e.place) as names,
    array_agg(distinct e.key_hash % ${KEY_LOCKS} order by e.key_hash % ${KEY_LOCKS}) as buckets,
    array_agg(e.topic order by e.place) as topics,
    array_agg(e.key_hash order by e.place) as key_hashes,
    array_agg(e.envelope ->> 'eventId' order by e.place) as event_ids,
    array_agg(jsonb_set(e.envelope, '{data}', (e.envelope -> 'data') || (named -> e.name))::text order by e.place) as envelopes
  into chosen
  from rows from (jsonb_to_recordset(prepared -> 'events') as (name text, topic text, key_hash integer, envelope jsonb))
    with ordinality as e (name, topic, key_hash, envelope, place)
  where named ? e.name;
  if chosen.names is null then return '{}'; end if;
  perform publish_events((prepared ->> 'lock_class')::integer, chosen.buckets, chosen.topics, chosen.key_hashes, chosen.event_ids, chosen.envelopes,
    (prepared ->> 'wake')::boolean);
  return chosen.names;
end $$;
`,
    ),
  ],
};
