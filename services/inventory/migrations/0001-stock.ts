import { enableTenancySql, type MigrationTransaction } from "@plinth/kernel/database";

export async function up(tx: MigrationTransaction): Promise<void> {
  await tx.query(`
    create table warehouses (
      id text primary key,
      tenant_id text not null,
      code text not null,
      name text not null,
      country text not null,
      status text not null check (status in ('active', 'inactive')),
      is_default boolean not null,
      version integer not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      constraint warehouses_code_key unique (tenant_id, code),
      constraint warehouses_tenant_key unique (tenant_id, id),
      constraint warehouses_default_active check (status = 'active' or not is_default)
    );
    create unique index warehouses_default_key on warehouses (tenant_id) where is_default;

    create table items (
      tenant_id text not null,
      sku text not null,
      product_id text not null,
      low_stock_threshold bigint,
      primary key (tenant_id, sku)
    );
    create index items_of_product on items (tenant_id, product_id) where product_id <> '';

    create table levels (
      tenant_id text not null,
      sku text not null,
      warehouse_id text not null,
      on_hand bigint not null,
      reserved bigint not null,
      updated_at timestamptz not null,
      primary key (tenant_id, sku, warehouse_id),
      constraint levels_warehouse foreign key (tenant_id, warehouse_id) references warehouses (tenant_id, id),
      constraint levels_never_negative check (reserved >= 0 and on_hand >= reserved)
    );

    create table reservations (
      id text primary key,
      tenant_id text not null,
      reference text not null,
      status text not null check (status in ('held', 'committed', 'released', 'expired')),
      expires_at timestamptz not null,
      created_at timestamptz not null,
      ended_at timestamptz,
      constraint reservations_reference_key unique (tenant_id, reference)
    );
    create index reservations_expiring on reservations (tenant_id, expires_at) where status = 'held';

    create table reservation_lines (
      reservation_id text not null references reservations (id) on delete cascade,
      tenant_id text not null,
      sku text not null,
      warehouse_id text not null,
      quantity bigint not null check (quantity > 0),
      primary key (reservation_id, sku, warehouse_id)
    );

    create table movements (
      seq bigint generated always as identity primary key,
      id uuid not null default gen_random_uuid(),
      tenant_id text not null,
      sku text not null,
      warehouse_id text not null,
      kind text not null check (kind in ('receive', 'adjust', 'reserve', 'commit', 'release', 'expire')),
      on_hand_difference bigint not null,
      reserved_difference bigint not null,
      reference text not null,
      reason text not null,
      note text not null,
      actor_id text not null,
      created_at timestamptz not null
    );
    create index movements_newest on movements (tenant_id, seq desc);
    create index movements_of_level on movements (tenant_id, sku, warehouse_id, seq desc);
    create index movements_of_reference on movements (tenant_id, reference, seq desc) where reference <> '';
  `);
  for (const table of ["warehouses", "items", "levels", "reservations", "reservation_lines", "movements"]) {
    await tx.query(enableTenancySql(table));
  }
}
