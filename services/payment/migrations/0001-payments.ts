import { enableTenancySql, type MigrationTransaction } from "@plinth/kernel/database";

export async function up(tx: MigrationTransaction): Promise<void> {
  await tx.query(`
    create table intents (
      id text primary key,
      tenant_id text not null,
      reference text not null,
      provider text not null,
      -- The provider's name for it, apart from what it said: webhooks are found by it.
      provider_id text,
      state text not null check (state in ('authorizing', 'requires_action', 'authorized', 'captured', 'voided', 'failed')),
      currency text not null,
      amount bigint not null check (amount >= 0),
      authorized bigint not null,
      captured bigint not null,
      refunded bigint not null,
      customer_id text not null,
      fingerprint text not null,
      known jsonb,
      void_wanted boolean not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      constraint intents_reference_key unique (tenant_id, reference),
      constraint intents_in_proportion check (0 <= refunded and refunded <= captured and captured <= authorized),
      constraint intents_voided_is_empty check (state <> 'voided' or authorized = 0)
    );
    create unique index intents_provider_id_key on intents (provider, provider_id) where provider_id is not null;
    create index intents_newest on intents (tenant_id, created_at desc, id desc);
    create index intents_of_customer on intents (tenant_id, customer_id, created_at desc, id desc);
    create index intents_void_wanted on intents (updated_at) where void_wanted;

    create table operations (
      id text primary key,
      tenant_id text not null,
      intent_id text not null references intents (id),
      kind text not null check (kind in ('authorize', 'confirm', 'capture', 'void', 'refund')),
      key text not null,
      status text not null check (status in ('pending', 'done', 'refused')),
      amount bigint not null,
      final boolean not null,
      captured_before bigint not null,
      reason text not null,
      method_token text not null,
      return_url text not null,
      refusal text not null,
      lease_until timestamptz not null,
      created_at timestamptz not null,
      constraint operations_key unique (intent_id, kind, key)
    );
    -- One call at a time: what two would do at once, nobody could tell apart afterwards.
    create unique index operations_pending on operations (intent_id) where status = 'pending';
    create index operations_abandoned on operations (lease_until) where status = 'pending';

    create table refunds (
      id text primary key,
      tenant_id text not null,
      intent_id text not null references intents (id),
      amount bigint not null check (amount > 0),
      status text not null check (status in ('pending', 'succeeded', 'failed')),
      provider_id text not null,
      reason text not null,
      created_at timestamptz not null,
      constraint refunds_provider_id_key unique (intent_id, provider_id)
    );

    create table history (
      id bigint generated always as identity primary key,
      tenant_id text not null,
      intent_id text not null references intents (id),
      what text not null,
      amount bigint,
      user_id text not null,
      at timestamptz not null
    );
    create index history_of_intent on history (intent_id, id);

    create table ledger_transactions (
      id text primary key,
      tenant_id text not null,
      intent_id text not null references intents (id),
      kind text not null check (kind in ('authorize', 'release', 'capture', 'refund', 'refund-failed')),
      currency text not null,
      at timestamptz not null
    );
    create index ledger_transactions_newest on ledger_transactions (tenant_id, at desc, id desc);
    create index ledger_transactions_of_intent on ledger_transactions (intent_id, at desc, id desc);

    create table ledger_postings (
      transaction_id text not null references ledger_transactions (id),
      tenant_id text not null,
      account text not null check (account in ('customer', 'held', 'charged')),
      amount bigint not null check (amount <> 0),
      primary key (transaction_id, account)
    );

    -- Events of providers that have been heard.
    create table heard_events (
      provider text not null,
      event_id text not null,
      type text not null,
      heard_at timestamptz not null default now(),
      primary key (provider, event_id)
    );
    create index heard_events_age on heard_events (heard_at);
  `);
  await tx.query(`
    create function check_ledger_balance() returns trigger language plpgsql as $$
    declare
      balance numeric;
    begin
      execute format('select coalesce(sum(amount), 0) from %I.ledger_postings where transaction_id = $1', tg_table_schema)
        into balance using new.transaction_id;
      if balance <> 0 then
        raise exception 'ledger transaction % is out of balance by %', new.transaction_id, balance using errcode = 'check_violation';
      end if;
      return null;
    end $$
  `);
  await tx.query(`
    create function refuse_ledger_change() returns trigger language plpgsql as $$
    begin
      raise exception 'the ledger is only added to' using errcode = 'restrict_violation';
    end $$
  `);
  await tx.query(`
    create constraint trigger ledger_balances after insert on ledger_postings
      deferrable initially deferred for each row execute function check_ledger_balance();
    create trigger ledger_postings_stay before update or delete on ledger_postings for each row execute function refuse_ledger_change();
    create trigger ledger_transactions_stay before update or delete on ledger_transactions for each row execute function refuse_ledger_change();
  `);
  const tables = ["intents", "operations", "refunds", "history", "ledger_transactions", "ledger_postings"];
  for (const table of tables) await tx.query(enableTenancySql(table));
}
