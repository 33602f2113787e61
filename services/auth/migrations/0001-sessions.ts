import { enableTenancySql, type MigrationTransaction } from "@plinth/kernel/database";

export async function up(tx: MigrationTransaction): Promise<void> {
  await tx.query(`
    -- The hash of its newest refresh token makes a session; those before it are spent_tokens.
    create table sessions (
      id text primary key,
      tenant_id text not null,
      user_id text not null,
      email text not null,
      token_hash bytea not null,
      address text not null,
      user_agent text not null,
      created_at timestamptz not null,
      last_used_at timestamptz not null,
      expires_at timestamptz not null,
      revoked_at timestamptz,
      constraint sessions_token_key unique (token_hash)
    ) with (fillfactor = 80);
    create index sessions_of_user on sessions (tenant_id, user_id, created_at desc, id desc);

    create table spent_tokens (
      hash bytea primary key,
      tenant_id text not null,
      session_id text not null references sessions (id) on delete cascade,
      spent_at timestamptz not null,
      client bytea not null,
      successor bytea
    );
    create index spent_tokens_of_session on spent_tokens (session_id);
    create index spent_tokens_age on spent_tokens (spent_at);

    -- Sessions of a user that were begun before are over, also one whose sign-in was on its way then.
    create table session_cutoffs (
      tenant_id text not null,
      user_id text not null,
      before timestamptz not null,
      primary key (tenant_id, user_id)
    );

    -- Kinds of devices a user has signed in from.
    create table devices (
      tenant_id text not null,
      user_id text not null,
      fingerprint bytea not null,
      seen_at timestamptz not null,
      primary key (tenant_id, user_id, fingerprint)
    );

    -- One row for the account as a whole (network '') and one for each network that tried it.
    create table login_guards (
      tenant_id text not null,
      account bytea not null,
      network text not null,
      failures integer not null default 0,
      failed_at timestamptz,
      locked_until timestamptz,
      full_at timestamptz,
      succeeded_at timestamptz,
      touched_at timestamptz not null,
      primary key (tenant_id, account, network)
    );

    create table authenticators (
      tenant_id text not null,
      user_id text not null,
      secret bytea not null,
      confirmed boolean not null default false,
      last_step bigint not null default 0,
      primary key (tenant_id, user_id)
    );

    create table recovery_codes (
      tenant_id text not null,
      user_id text not null,
      hash bytea not null,
      primary key (tenant_id, user_id, hash),
      foreign key (tenant_id, user_id) references authenticators (tenant_id, user_id) on delete cascade
    );

    -- The platform's, not a tenant's.
    create table signing_keys (
      kid text primary key,
      sealed bytea not null,
      signs_from timestamptz not null,
      expires_at timestamptz,
      token_lifetime_ms bigint not null
    );
  `);
  const ofTenants = ["sessions", "spent_tokens", "session_cutoffs", "devices", "login_guards", "authenticators", "recovery_codes"];
  for (const table of ofTenants) await tx.query(enableTenancySql(table));
}
