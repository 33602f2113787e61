import { enableTenancySql, type MigrationTransaction } from "@plinth/kernel/database";

export async function up(tx: MigrationTransaction): Promise<void> {
  await tx.query(`
    create table categories (
      id text primary key,
      tenant_id text not null,
      parent_id text,
      slug text not null,
      name text not null,
      position integer not null,
      version integer not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      constraint categories_slug_key unique (tenant_id, slug),
      constraint categories_tenant_key unique (tenant_id, id),
      constraint categories_parent foreign key (tenant_id, parent_id) references categories (tenant_id, id),
      constraint categories_not_own_parent check (parent_id <> id)
    );
    create index categories_children on categories (tenant_id, parent_id, position);

    create table products (
      id text primary key,
      tenant_id text not null,
      slug text not null,
      name text not null,
      description text not null,
      brand text not null,
      category_id text not null,
      attributes jsonb not null,
      tax_class text not null,
      weight_grams integer not null check (weight_grams >= 0),
      status text not null check (status in ('draft', 'published')),
      media jsonb not null,
      options jsonb not null,
      -- The words of name, brand and SKUs. Row-level security lets no index serve it: a search reads the tenant's products in the order of its page.
      search tsvector not null,
      version integer not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      published_at timestamptz,
      constraint products_slug_key unique (tenant_id, slug),
      constraint products_tenant_key unique (tenant_id, id),
      constraint products_category foreign key (tenant_id, category_id) references categories (tenant_id, id)
    );
    create index products_newest on products (tenant_id, created_at, id);
    create index products_by_name on products (tenant_id, name, id);
    create index products_of_category on products (tenant_id, category_id, created_at, id);

    create table variants (
      tenant_id text not null,
      sku text not null,
      product_id text not null,
      position integer not null,
      title text not null,
      options jsonb not null,
      weight_grams integer check (weight_grams >= 0),
      primary key (tenant_id, sku),
      constraint variants_product foreign key (tenant_id, product_id) references products (tenant_id, id) on delete cascade
    );
    create index variants_of_product on variants (tenant_id, product_id, position);
  `);
  for (const table of ["categories", "products", "variants"]) await tx.query(enableTenancySql(table));
}
