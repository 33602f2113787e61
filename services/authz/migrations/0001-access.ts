import { enableTenancySql, type MigrationTransaction } from "@plinth/kernel/database";

export async function up(tx: MigrationTransaction): Promise<void> {
  await tx.query(`
    -- One row for each tenant and one, '*', for what modules declare. Whoever changes something locks its row first.
    create table set_versions (
      scope text primary key,
      version bigint not null
    );

    create table declared_permissions (
      code text collate "C" primary key,
      description text not null,
      module text not null,
      retired boolean not null
    );

    create table declared_roles (
      name text collate "C" primary key,
      description text not null,
      permissions text[] not null,
      module text not null,
      version integer not null,
      retired boolean not null,
      updated_at timestamptz not null
    );

    create table roles (
      tenant_id text not null,
      name text collate "C" not null,
      description text not null,
      permissions text[] not null,
      version integer not null,
      updated_at timestamptz not null,
      primary key (tenant_id, name)
    );

    -- A role is named, not referenced: it may be a module's, and may come back with the module.
    create table assignments (
      tenant_id text not null,
      user_id text not null,
      role text collate "C" not null,
      assigned_at timestamptz not null,
      assigned_by text not null,
      expires_at timestamptz,
      primary key (tenant_id, user_id, role)
    );
    create index assignments_of_role on assignments (tenant_id, role);
    create index assignments_that_end on assignments (expires_at) where expires_at is not null;

    create table policies (
      id text primary key,
      tenant_id text not null,
      name text collate "C" not null,
      description text not null,
      permission text not null,
      effect text not null check (effect in ('allow', 'deny')),
      expression text not null,
      enabled boolean not null,
      version integer not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      constraint policies_name_key unique (tenant_id, name)
    );

    -- Of every tenant: there is one token for the whole platform.
    create table bootstrap_claims (
      token_hash bytea primary key,
      tenant_id text not null,
      user_id text not null,
      claimed_at timestamptz not null
    );
  `);
  for (const table of ["roles", "assignments", "policies"]) await tx.query(enableTenancySql(table));
}
