import { enableTenancySql, type MigrationTransaction } from "@plinth/kernel/database";

export async function up(tx: MigrationTransaction): Promise<void> {
  await tx.query(`
    create table channels (
      tenant_id text not null,
      code text not null,
      currency text not null,
      country text not null,
      tax_inclusive boolean not null,
      tax_rounding text not null check (tax_rounding in ('unit', 'line', 'order')),
      warehouse_id text not null,
      version integer not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (tenant_id, code)
    );

    create table tax_rates (
      tenant_id text not null,
      country text not null,
      tax_class text not null,
      valid_from timestamptz not null,
      name text not null,
      rate text not null check (rate::numeric between 0 and 1),
      primary key (tenant_id, country, tax_class, valid_from)
    );

    create table prices (
      tenant_id text not null,
      sku text not null,
      currency text not null,
      warehouse_id text not null,
      min_quantity bigint not null check (min_quantity >= 1),
      amount bigint not null check (amount >= 0),
      updated_at timestamptz not null,
      primary key (tenant_id, sku, currency, warehouse_id, min_quantity)
    );

    create table price_changes (
      seq bigint generated always as identity primary key,
      id uuid not null default gen_random_uuid(),
      tenant_id text not null,
      sku text not null,
      currency text not null,
      warehouse_id text not null,
      min_quantity bigint not null,
      amount bigint,
      previous bigint,
      actor_id text not null,
      changed_at timestamptz not null
    );
    create index price_changes_newest on price_changes (tenant_id, seq desc);
    create index price_changes_of_price on price_changes (tenant_id, sku, currency, warehouse_id, min_quantity, seq desc);

    create table products (
      tenant_id text not null,
      product_id text not null,
      name text not null,
      published boolean not null,
      image_url text not null,
      revision bigint not null,
      heard_at timestamptz not null,
      primary key (tenant_id, product_id)
    );

    create table product_skus (
      tenant_id text not null,
      product_id text not null,
      sku text not null,
      place integer not null,
      title text not null,
      tax_class text not null,
      weight_grams integer not null,
      primary key (tenant_id, product_id, sku),
      constraint product_skus_product foreign key (tenant_id, product_id) references products (tenant_id, product_id)
    );
    create index product_skus_sku on product_skus (tenant_id, sku);
  `);
  for (const table of ["channels", "tax_rates", "prices", "price_changes", "products", "product_skus"]) {
    await tx.query(enableTenancySql(table));
  }
}
