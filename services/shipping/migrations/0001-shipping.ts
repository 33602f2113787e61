import { enableTenancySql, type MigrationTransaction } from "@plinth/kernel/database";

export async function up(tx: MigrationTransaction): Promise<void> {
  await tx.query(`
    create table zones (
      id text primary key,
      tenant_id text not null,
      code text not null,
      name text not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      constraint zones_code_key unique (tenant_id, code)
    );

    -- Each place lies in one zone. The country * is the rest of the world, an empty prefix the whole country.
    create table zone_areas (
      tenant_id text not null,
      country text not null check (country ~ '^([A-Z]{2}|\\*)$'),
      postal_prefix text not null,
      zone_id text not null references zones (id) on delete cascade,
      constraint zone_areas_place primary key (tenant_id, country, postal_prefix)
    );
    create index zone_areas_of_zone on zone_areas (zone_id);

    create table options (
      id text primary key,
      tenant_id text not null,
      code text not null,
      name text not null,
      carrier text not null,
      carrier_service text not null,
      min_days integer not null check (min_days >= 0),
      max_days integer not null check (max_days >= min_days),
      max_weight_grams bigint not null,
      active boolean not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      constraint options_code_key unique (tenant_id, code)
    );

    create table option_rates (
      option_id text not null references options (id) on delete cascade,
      tenant_id text not null,
      zone_id text not null,
      calculator jsonb not null,
      primary key (option_id, zone_id),
      constraint option_rates_zone foreign key (zone_id) references zones (id)
    );
    create index option_rates_in_zone on option_rates (zone_id);

    create table fulfillment_entities (
      id text primary key,
      tenant_id text not null,
      warehouse_id text not null,
      type text not null check (type in ('warehouse', 'store', 'dropship', 'third_party')),
      name text not null,
      carriers text[] not null,
      cut_off_hour integer not null check (cut_off_hour between 0 and 24),
      time_zone text not null,
      address jsonb,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      constraint fulfillment_entities_warehouse_key unique (tenant_id, warehouse_id)
    );

    -- What was heard of an order: its events may come again, and in any order.
    create table orders (
      tenant_id text not null,
      order_id text not null,
      paid_at timestamptz,
      canceled_at timestamptz,
      primary key (tenant_id, order_id)
    );

    create table shipments (
      id text primary key,
      tenant_id text not null,
      order_id text not null,
      order_number text not null,
      customer_id text not null,
      user_id text not null,
      email text not null,
      locale text not null,
      warehouse_id text not null,
      entity_id text not null references fulfillment_entities (id),
      status text not null check (status in ('pending', 'ready', 'in_transit', 'delivered', 'failed', 'returned', 'canceled')),
      address jsonb not null,
      weight_grams bigint not null,
      option_code text not null,
      max_days integer not null,
      carrier text not null,
      carrier_service text not null,
      carrier_name text not null,
      -- The carrier's names for it: noted before a label is bought, so that it is bought once.
      carrier_shipment_id text,
      tracker_id text,
      tracking_number text not null,
      tracking_url text not null,
      label_url text not null,
      tracking_status text not null,
      tracked_at timestamptz,
      failure_reason text not null,
      -- Somebody buys the label, until then at the latest.
      buying_until timestamptz,
      cancel_wanted boolean not null,
      estimated_delivery timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      shipped_at timestamptz,
      delivered_at timestamptz,
      constraint shipments_order_key unique (tenant_id, order_id, warehouse_id),
      constraint shipments_buying check (buying_until is null or status = 'ready')
    );
    create index shipments_newest on shipments (tenant_id, created_at desc, id desc);
    create index shipments_by_status on shipments (tenant_id, status, created_at desc, id desc);
    create index shipments_of_user on shipments (tenant_id, user_id, created_at desc, id desc) where user_id <> '';
    create index shipments_of_order on shipments (tenant_id, order_id, created_at desc, id desc);
    create index shipments_at_carrier on shipments (carrier_shipment_id) where carrier_shipment_id is not null;
    create index shipments_tracked on shipments (tracker_id) where tracker_id is not null;
    create index shipments_being_bought on shipments (buying_until) where buying_until is not null;

    create table shipment_items (
      shipment_id text not null references shipments (id),
      tenant_id text not null,
      position integer not null,
      order_line_id text not null,
      sku text not null,
      name text not null,
      quantity bigint not null check (quantity > 0),
      primary key (shipment_id, position)
    );

    create table shipment_history (
      id bigint generated always as identity primary key,
      tenant_id text not null,
      shipment_id text not null references shipments (id),
      status text not null,
      detail text not null,
      user_id text not null,
      at timestamptz not null
    );
    create index shipment_history_of_shipment on shipment_history (shipment_id, id);

    -- Events of carriers that have been heard.
    create table heard_events (
      carrier text not null,
      event_id text not null,
      type text not null,
      heard_at timestamptz not null default now(),
      primary key (carrier, event_id)
    );
    create index heard_events_age on heard_events (heard_at);
  `);
  const tables = [
    ...["zones", "zone_areas", "options", "option_rates", "fulfillment_entities"],
    ...["orders", "shipments", "shipment_items", "shipment_history"],
  ];
  for (const table of tables) await tx.query(enableTenancySql(table));
}
