import { enableTenancySql, type MigrationTransaction } from "@plinth/kernel/database";

export async function up(tx: MigrationTransaction): Promise<void> {
  await tx.query(`
    create table customers (
      id text primary key,
      tenant_id text not null,
      user_id text,
      email text not null,
      email_folded text not null,
      first_name text not null,
      last_name text not null,
      phone text not null,
      locale text not null,
      currency text not null,
      marketing boolean not null,
      tier text not null,
      version integer not null,
      erased boolean not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      constraint customers_user_key unique (tenant_id, user_id)
    );
    create index customers_newest on customers (tenant_id, created_at desc, id desc);
    create index customers_email on customers (tenant_id, email_folded text_pattern_ops);

    create table addresses (
      id text primary key,
      tenant_id text not null,
      customer_id text not null references customers (id) on delete cascade,
      label text not null,
      name text not null,
      company text not null,
      line1 text not null,
      line2 text not null,
      city text not null,
      region text not null,
      postal_code text not null,
      country text not null,
      phone text not null,
      default_shipping boolean not null,
      default_billing boolean not null,
      created_at timestamptz not null,
      updated_at timestamptz not null
    );
    create index addresses_of_customer on addresses (customer_id, created_at, id);
    create unique index addresses_default_shipping on addresses (customer_id) where default_shipping;
    create unique index addresses_default_billing on addresses (customer_id) where default_billing;
  `);
  for (const table of ["customers", "addresses"]) await tx.query(enableTenancySql(table));
}
