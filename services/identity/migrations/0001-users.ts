import { enableTenancySql, type MigrationTransaction } from "@plinth/kernel/database";

export async function up(tx: MigrationTransaction): Promise<void> {
  await tx.query(`
    create table users (
      id text primary key,
      tenant_id text not null,
      email text not null,
      email_folded text not null,
      username text not null,
      username_folded text not null,
      first_name text not null,
      last_name text not null,
      email_verified boolean not null,
      locale text not null,
      status text not null check (status in ('active', 'blocked', 'deleted')),
      created_at timestamptz not null,
      updated_at timestamptz not null,
      constraint users_email_key unique (tenant_id, email_folded)
    );
    create unique index users_username_key on users (tenant_id, username_folded) where username_folded <> '';
    create index users_newest on users (tenant_id, created_at desc, id desc);

    create table credentials (
      user_id text primary key references users (id) on delete cascade,
      tenant_id text not null,
      password_hash text not null,
      changed_at timestamptz not null
    );

    create table one_time_tokens (
      hash bytea primary key,
      tenant_id text not null,
      user_id text not null references users (id) on delete cascade,
      purpose text not null check (purpose in ('verify-email', 'reset-password')),
      email text not null,
      expires_at timestamptz not null
    );
    create index one_time_tokens_of_user on one_time_tokens (user_id, purpose);
    create index one_time_tokens_expiry on one_time_tokens (expires_at);

    create table user_history (
      id bigint generated always as identity primary key,
      tenant_id text not null,
      user_id text not null references users (id) on delete cascade,
      action text not null,
      at timestamptz not null default now()
    );
    create index user_history_of_user on user_history (user_id, id);
  `);
  for (const table of ["users", "credentials", "one_time_tokens", "user_history"]) await tx.query(enableTenancySql(table));
}
