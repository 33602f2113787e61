import { enableTenancySql, type MigrationTransaction } from "@plinth/kernel/database";

export async function up(tx: MigrationTransaction): Promise<void> {
  await tx.query(`
    create table carts (
      id text primary key,
      tenant_id text not null,
      status text not null check (status in ('open', 'ordering', 'ordered', 'merged')),
      currency text not null,
      locale text not null,
      email text not null,
      user_id text not null,
      customer_id text not null,
      shipping_address jsonb,
      shipping_option jsonb,
      line_count integer not null check (line_count >= 0),
      -- The order that it has become or is becoming; of a merged one the cart that its lines went into.
      order_id text not null,
      version integer not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      expires_at timestamptz not null
    );
    create index carts_of_user on carts (tenant_id, user_id, updated_at desc) where status = 'open' and user_id <> '';
    create index carts_of_order on carts (order_id) where order_id <> '';
    create index carts_expiring on carts (expires_at) where status in ('open', 'merged');

    create table cart_items (
      cart_id text not null references carts (id) on delete cascade,
      tenant_id text not null,
      id text not null,
      sku text not null,
      warehouse_id text not null,
      quantity bigint not null check (quantity > 0),
      added_at timestamptz not null,
      primary key (cart_id, id),
      constraint cart_items_place_key unique (cart_id, sku, warehouse_id)
    );

    -- One row for each attempt to make an order of a cart: who asked, and under which key.
    create table checkouts (
      order_id text primary key,
      tenant_id text not null,
      cart_id text not null,
      user_id text not null,
      email text not null,
      -- The Idempotency-Key; null where there was none.
      key text,
      fingerprint text not null,
      created_at timestamptz not null,
      constraint checkouts_key unique (tenant_id, user_id, key)
    );

    create table orders (
      id text primary key,
      tenant_id text not null,
      number text not null,
      customer_id text not null,
      user_id text not null,
      email text not null,
      email_folded text not null,
      locale text not null,
      currency text not null,
      subtotal bigint not null,
      shipping bigint not null,
      shipping_tax bigint not null,
      tax bigint not null,
      total bigint not null check (total >= 0),
      taxes jsonb not null,
      tax_inclusive boolean not null,
      shipping_address jsonb not null,
      shipping_option jsonb not null,
      payment_provider text not null,
      authorized bigint not null,
      captured bigint not null,
      refunded bigint not null,
      voided boolean not null,
      cancel_reason text not null,
      -- Derived from the facts at each change, so that lists can be filtered by them.
      status text not null,
      payment_status text not null,
      fulfillment_status text not null,
      return_status text not null,
      version integer not null,
      placed_at timestamptz not null,
      updated_at timestamptz not null,
      paid_at timestamptz,
      canceled_at timestamptz,
      completed_at timestamptz,
      constraint orders_number_key unique (tenant_id, number)
    );
    create index orders_newest on orders (tenant_id, placed_at desc, id desc);
    create index orders_changed on orders (tenant_id, updated_at desc, id desc);
    create index orders_of_user on orders (tenant_id, user_id, placed_at desc, id desc) where user_id <> '';
    create index orders_of_email on orders (tenant_id, email_folded, placed_at desc, id desc);

    create table order_lines (
      order_id text not null references orders (id),
      tenant_id text not null,
      id text not null,
      position integer not null,
      sku text not null,
      product_id text not null,
      name text not null,
      quantity bigint not null check (quantity > 0),
      warehouse_id text not null,
      unit_price bigint not null,
      subtotal bigint not null,
      net bigint not null,
      tax bigint not null,
      gross bigint not null,
      tax_rate jsonb not null,
      weight_grams integer not null,
      primary key (order_id, id)
    );

    create table refunds (
      order_id text not null references orders (id),
      tenant_id text not null,
      id text not null,
      status text not null check (status in ('pending', 'done', 'failed')),
      amount bigint not null check (amount >= 0),
      tax bigint not null,
      shipping bigint not null,
      -- Line, quantity, amount and whether the goods came back.
      lines jsonb not null,
      reason text not null,
      failure text not null,
      key text not null,
      fingerprint text not null,
      created_at timestamptz not null,
      primary key (order_id, id)
    );
    create unique index refunds_key on refunds (order_id, key) where key <> '';

    create table shipments (
      order_id text not null references orders (id),
      tenant_id text not null,
      id text not null,
      status text not null check (status in ('shipped', 'delivered', 'failed')),
      items jsonb not null,
      carrier text not null,
      tracking_number text not null,
      tracking_url text not null,
      reason text not null,
      updated_at timestamptz not null,
      primary key (order_id, id)
    );

    create table history (
      order_id text not null references orders (id),
      tenant_id text not null,
      id bigint not null generated always as identity,
      what text not null,
      detail jsonb not null,
      actor_id text not null,
      at timestamptz not null,
      primary key (order_id, id)
    );

    create table notes (
      id text primary key,
      tenant_id text not null,
      order_id text not null references orders (id),
      text text not null,
      author_id text not null,
      created_at timestamptz not null
    );
    create index notes_of_order on notes (order_id, created_at desc, id desc);
  `);
  for (const table of ["carts", "cart_items", "checkouts", "orders", "order_lines", "refunds", "shipments", "history", "notes"]) {
    await tx.query(enableTenancySql(table));
  }
}
