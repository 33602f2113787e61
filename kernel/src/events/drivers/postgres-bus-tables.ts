import type { Migration, MigrationSource } from "../../database/migration.ts";
import { sqlMigration } from "../../database/migration.ts";

export const BUS_SCHEMA = "plinth_bus";
/** Notified with the ids of the partitions that have news, joined by commas, or with `MEMBERS_CHANGED`. */
export const BUS_CHANNEL = "plinth_bus";
export const MEMBERS_CHANGED = "members";

/** Classes of advisory locks. Any numbers do that nobody else in the database uses. */
export const APPEND_LOCK = 7_310_010;
export const MEMBER_LOCK = 7_310_011;
export const CLAIM_LOCK = 7_310_012;
const MAINTENANCE_LOCK = 7_310_013;

/** The bus's service role is the group of all that use it: it reads everything, appends, and moves positions, no more. */
const grants: Migration = {
  id: "0002-grants",
  checksum: "1",
  async up(tx) {
    await tx.query(`
revoke insert, update, delete on segments, topics, partitions, groups, positions, log from ${tx.serviceRole};
grant insert on log, groups, positions to ${tx.serviceRole};
grant update (position) on positions to ${tx.serviceRole};
revoke execute on function open_segment(bigint) from ${tx.serviceRole};`);
  },
};

/**
 * The bus: an append-only log, and what each group has read of it.
 *
 * - A partition's offsets come from a sequence, drawn under a lock that is held until commit: so the order of offsets is the order of commits, and
 *   who sees an offset sees every lower one. A counter in a row would do the same, but a row updated with each batch grows a chain of dead versions
 *   under a long snapshot, and a sequence does not.
 * - Rows lie in segments, one open segment for each retention time in use. A segment is dropped as a whole when its youngest row is old enough.
 *   Rows are never deleted one by one.
 * - Defining topics and segments needs the owner; the functions run in the owner's name.
 */
export const busMigrations: MigrationSource = {
  name: "bus",
  migrations: [
    sqlMigration(
      "0001-log-and-positions",
      `
-- For the functions below: a caller's temporary table must not stand in for a table of ours.
select set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
create table segments (
  id integer generated always as identity primary key,
  retention_ms bigint not null,
  opened_at timestamptz not null default now(),
  closed_at timestamptz
);
create table log (
  segment integer not null,
  partition_id integer not null,
  "offset" bigint not null,
  event_id text collate "C" not null,
  envelope json not null,
  appended_at timestamptz not null default clock_timestamp(),
  primary key (segment, partition_id, "offset")
) partition by list (segment);
create table topics (
  id integer generated always as identity primary key,
  topic text not null unique,
  partitions integer not null,
  retention_ms bigint not null,
  segment integer not null
);
create table partitions (
  id integer generated always as identity primary key,
  topic_id integer not null,
  partition integer not null,
  sequence regclass,
  unique (topic_id, partition)
);
create table groups (id integer generated always as identity primary key, name text not null unique);
create table positions (
  id integer generated always as identity primary key,
  group_id integer not null,
  partition_id integer not null,
  position bigint not null,
  unique (group_id, partition_id)
) with (fillfactor = 50);

-- Attached, not made in place: CREATE TABLE ... PARTITION OF would lock out every reader of the log.
create function open_segment(wanted_retention_ms bigint) returns integer language plpgsql as $$
declare
  made integer;
  grantee text;
begin
  insert into segments (retention_ms) values (wanted_retention_ms) returning id into made;
  execute format('create table log_%s (like log including defaults including constraints)', made);
  -- The log itself says who may do what; its parts are nobody's business.
  for grantee in select distinct a.grantee::regrole::text from pg_class c, aclexplode(c.relacl) a
      where c.oid = format('log_%s', made)::regclass and a.grantee <> c.relowner loop
    execute format('revoke all on log_%s from %s', made, grantee);
  end loop;
  execute format('alter table log attach partition log_%s for values in (%s)', made, made);
  return made;
end $$;

-- Makes a topic, or changes it. Partitions are only ever added: with each addition keys move to other partitions.
-- Without wanted values an existing topic stays as it is.
create function declare_topic(name text, wanted_partitions integer, wanted_retention_ms bigint) returns void
language plpgsql security definer set search_path from current as $$
declare
  known topics%rowtype;
  made integer;
  partitions_then integer;
  retention_then bigint;
begin
  select * into known from topics where topic = name;
  if found and known.partitions >= coalesce(wanted_partitions, 0) and known.retention_ms = coalesce(wanted_retention_ms, known.retention_ms) then
    return;
  end if;
  perform pg_advisory_xact_lock(${MAINTENANCE_LOCK}, 0);
  select * into known from topics where topic = name;
  partitions_then := greatest(known.partitions, wanted_partitions, case when known.id is null then 1 end);
  retention_then := coalesce(wanted_retention_ms, known.retention_ms, 604800000);
  if known.id is null then
    insert into topics (topic, partitions, retention_ms, segment) values (name, 0, retention_then, 0) returning * into known;
  end if;
  for number in (select count(*) from partitions where topic_id = known.id) .. partitions_then - 1 loop
    insert into partitions (topic_id, partition) values (known.id, number) returning id into made;
    execute format('create sequence offset_%s', made);
    update partitions set sequence = format('offset_%s', made)::regclass where id = made;
  end loop;
  select id into made from segments where retention_ms = retention_then and closed_at is null limit 1;
  if made is null then made := open_segment(retention_then); end if;
  update topics set partitions = partitions_then, retention_ms = retention_then, segment = made where id = known.id;
end $$;

-- Opens new segments in time and drops the outdated ones. Called by whoever uses the bus, about once a minute.
create function maintain() returns void language plpgsql security definer set search_path from current as $$
declare
  old segments%rowtype;
  made integer;
  used boolean;
begin
  if not pg_try_advisory_xact_lock(${MAINTENANCE_LOCK}, 0) then return; end if;
  perform set_config('lock_timeout', '200ms', true);
  for old in select * from segments where closed_at is null and opened_at < now() - make_interval(secs => retention_ms / 8000.0) loop
    execute format('select exists (select from log_%s)', old.id) into used;
    if used then
      made := open_segment(old.retention_ms);
      update topics set segment = made where segment = old.id;
      update segments set closed_at = clock_timestamp() where id = old.id;
    else
      update segments set opened_at = now() where id = old.id;
    end if;
  end loop;
  for old in select * from segments where closed_at < now() - make_interval(secs => retention_ms / 1000.0) loop
    begin
      execute format('drop table log_%s', old.id);
      delete from segments where id = old.id;
    exception when lock_not_available then null; -- Somebody reads it; the next round will do.
    end;
  end loop;
end $$;
`,
    ),
    grants,
  ],
};
