import { enableTenancySql, type MigrationTransaction } from "@plinth/kernel/database";

export async function up(tx: MigrationTransaction): Promise<void> {
  await tx.query(`
    -- What the service has learnt about users from their events.
    create table contacts (
      user_id text primary key,
      tenant_id text not null,
      email text not null,
      first_name text not null,
      locale text not null,
      welcomed boolean not null default false
    );

    create table preferences (
      tenant_id text not null,
      user_id text not null,
      channels jsonb not null,
      quiet_hours jsonb,
      locale text not null,
      updated_at timestamptz not null,
      primary key (tenant_id, user_id)
    );

    create table templates (
      tenant_id text not null,
      name text not null,
      version integer not null,
      category text not null,
      description text not null,
      contents json not null,
      updated_at timestamptz not null,
      primary key (tenant_id, name, version)
    );

    create table deliveries (
      id text primary key,
      tenant_id text not null,
      channel text not null check (channel in ('email', 'webhook', 'in-app')),
      user_id text not null,
      destination text not null,
      -- The destination as it is compared: case does not matter in addresses.
      recipient_key text not null,
      template text not null,
      template_version integer not null,
      category text not null,
      subject text not null,
      status text not null check (status in ('pending', 'sent', 'failed')),
      attempts integer not null,
      last_error text not null,
      provider_id text not null,
      created_at timestamptz not null,
      next_attempt_at timestamptz,
      sent_at timestamptz,
      -- While an attempt is made: until when nobody else makes one.
      claimed_until timestamptz
    );
    create index deliveries_newest on deliveries (tenant_id, created_at desc, id desc);
    create index deliveries_of_recipient on deliveries (tenant_id, channel, recipient_key, created_at desc) where category <> 'security';
    create index deliveries_of_user on deliveries (tenant_id, user_id, created_at desc, id desc);
    create index deliveries_due on deliveries (next_attempt_at) where status = 'pending';

    -- What was sent, apart from the log: it may hold secrets, and goes before the log does.
    create table delivery_contents (
      delivery_id text primary key references deliveries (id) on delete cascade,
      tenant_id text not null,
      -- json, not jsonb: values may hold U+0000, which jsonb refuses.
      content json not null,
      created_at timestamptz not null
    );
    create index delivery_contents_age on delivery_contents (created_at);

    create table dedupe_keys (
      tenant_id text not null,
      key text not null,
      delivery_ids text[] not null,
      created_at timestamptz not null,
      primary key (tenant_id, key)
    );
    create index dedupe_keys_age on dedupe_keys (created_at);

    create table inbox_messages (
      id text primary key,
      tenant_id text not null,
      user_id text not null,
      category text not null,
      subject text not null,
      text text not null,
      data json,
      created_at timestamptz not null,
      read_at timestamptz
    );
    create index inbox_newest on inbox_messages (tenant_id, user_id, created_at desc, id desc);
    create index inbox_unread on inbox_messages (tenant_id, user_id) where read_at is null;

    -- Mails that the sink caught. They belong to no tenant: what mail server knows of any?
    create table sink_mails (
      id text primary key,
      received_at timestamptz not null,
      sender text not null,
      recipients text[] not null,
      subject text not null,
      text text not null,
      html text not null,
      raw bytea not null
    );
  `);
  for (const table of ["contacts", "preferences", "templates", "deliveries", "delivery_contents", "dedupe_keys", "inbox_messages"]) {
    await tx.query(enableTenancySql(table));
  }
}
