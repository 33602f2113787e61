import { enableTenancySql, type MigrationTransaction, quoteIdentifier } from "@plinth/kernel/database";

/** Months made here already; the service makes the next ones. */
const FIRST_PARTITIONS = 3;

export async function up(tx: MigrationTransaction): Promise<void> {
  const [place] = await tx.query<{ schema: string }>("select current_schema() as schema");
  const schema = quoteIdentifier(place?.schema ?? "");

  // Refuses whoever asks, the owner too. A superuser can switch triggers off: that is what the tree is for.
  await tx.query(`
    create function refuse_change() returns trigger language plpgsql as $$
    begin
      raise exception 'The record is append-only: % on % is refused.', tg_op, tg_table_name using errcode = 'insufficient_privilege';
    end $$;

    -- Every id ever recorded. It keeps a repetition out, whatever month it comes in, which no index of a partitioned table can.
    create table entry_ids (
      tenant_id text collate "C" not null,
      id text collate "C" not null,
      primary key (tenant_id, id)
    );

    create table entries (
      tenant_id text collate "C" not null,
      id text collate "C" not null,
      recorded_at timestamptz not null,
      occurred_at timestamptz not null,
      user_id text collate "C" not null,
      action text collate "C" not null,
      resource text collate "C" not null,
      resource_id text collate "C" not null,
      outcome text not null check (outcome in ('success', 'failure', 'denied')),
      module text not null,
      ip_address text not null,
      user_agent text not null,
      request_id text not null,
      trace_id text not null,
      metadata jsonb not null,
      primary key (tenant_id, id, recorded_at)
    ) partition by range (recorded_at);
    create index entries_newest on entries (tenant_id, occurred_at desc, id desc);
    create index entries_of_user on entries (tenant_id, user_id, occurred_at desc, id desc);
    create index entries_of_action on entries (tenant_id, action, occurred_at desc, id desc);
    create index entries_of_resource on entries (tenant_id, resource, resource_id, occurred_at desc, id desc);

    -- What has no place in the tree yet, in the order of arrival. The one table whose rows go.
    create table unsealed (
      position bigint generated always as identity,
      tenant_id text collate "C" not null,
      id text collate "C" not null,
      recorded_at timestamptz not null,
      primary key (tenant_id, position)
    );

    -- For a month nobody made a partition for: nothing is lost, and the month stays here.
    create table entries_default partition of entries default;
    create trigger append_only before update or delete on entries for each row execute function refuse_change();
    create trigger append_only before update or delete on entry_ids for each row execute function refuse_change();
    create trigger no_truncate before truncate on entries for each statement execute function refuse_change();
    create trigger no_truncate before truncate on entries_default for each statement execute function refuse_change();
    create trigger no_truncate before truncate on entry_ids for each statement execute function refuse_change();

    revoke all on entries_default from ${tx.serviceRole};
    revoke update, delete, truncate on entries, entry_ids from ${tx.serviceRole};
    revoke update, truncate on unsealed from ${tx.serviceRole};
  `);
  for (const table of ["entries", "entry_ids", "unsealed"]) await tx.query(enableTenancySql(table));

  // A function, so that its statements are planned once in a connection: planning would cost more than the inserts.
  await tx.query(`
    create function record_entries(given json) returns integer language plpgsql as $$
    declare stored integer;
    begin
      with wanted as (
        select * from rows from (json_to_recordset(given) as (
          tenant_id text, id text, occurred_at timestamptz, user_id text, action text, resource text, resource_id text, outcome text,
          module text, ip_address text, user_agent text, request_id text, trace_id text, metadata jsonb
        )) with ordinality
      ), fresh as (
        -- In one order, so that two batches with the same ids do not wait for each other crosswise.
        insert into entry_ids (tenant_id, id) select tenant_id, id from wanted order by tenant_id, id
        on conflict do nothing returning tenant_id, id
      ), kept as (
        insert into entries (tenant_id, id, recorded_at, occurred_at, user_id, action, resource, resource_id, outcome, module, ip_address,
          user_agent, request_id, trace_id, metadata)
        select w.tenant_id, w.id, statement_timestamp(), coalesce(w.occurred_at, statement_timestamp()), w.user_id, w.action, w.resource,
          w.resource_id, w.outcome, w.module, w.ip_address, w.user_agent, w.request_id, w.trace_id, w.metadata
        from wanted w join fresh f on f.tenant_id = w.tenant_id and f.id = w.id order by w.ordinality
        returning tenant_id, id, recorded_at
      )
      insert into unsealed (tenant_id, id, recorded_at) select tenant_id, id, recorded_at from kept;
      get diagnostics stored = row_count;
      return stored;
    end $$;
  `);

  // Runs as the owner: the service itself defines nothing. A partition is made apart and attached, which stops neither readers nor writers.
  await tx.query(`
    create function make_partitions(months integer) returns integer
    language plpgsql security definer set search_path = ${schema}, pg_temp as $$
    declare
      this_month timestamp := date_trunc('month', now() at time zone 'utc');
      first timestamp;
      name text;
      made integer := 0;
    begin
      perform pg_advisory_xact_lock(hashtext('plinth.audit partitions'));
      for step in 0..least(months, 24) loop
        first := this_month + make_interval(months => step);
        name := 'entries_' || to_char(first, 'YYYY_MM');
        continue when to_regclass(name) is not null;
        begin
          execute format('create table %I (like entries including all)', name);
          execute format('create trigger no_truncate before truncate on %I for each statement execute function refuse_change()', name);
          execute format('revoke all on %I from %I', name, ${quoteLiteral(unquoted(tx.serviceRole))});
          execute format('alter table entries attach partition %I for values from (%L) to (%L)', name,
            first at time zone 'utc', (first + interval '1 month') at time zone 'utc');
          made := made + 1;
        exception when check_violation then
          raise warning 'Entries of % lie in the default partition already and stay there.', to_char(first, 'YYYY-MM');
        end;
      end loop;
      return made;
    end $$;
  `);
  await tx.query("select make_partitions($1)", [FIRST_PARTITIONS]);
}

function unquoted(identifier: string): string {
  return identifier.replace(/^"|"$/g, "").replaceAll('""', '"');
}

function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
