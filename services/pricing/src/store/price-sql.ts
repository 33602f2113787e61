/** Prices of a tenant change one request after the other: so the history has their order, and locks come in one. */
export const LOCK_PRICES = "select pg_advisory_xact_lock(hashtextextended('pricing.prices ' || $1, 0))";

const LOG = `insert into price_changes (tenant_id, sku, currency, warehouse_id, min_quantity, amount, previous, actor_id, changed_at)`;
const ANSWER = `returning sku, currency, warehouse_id as "warehouseId", min_quantity as "minQuantity", amount, previous, changed_at as "changedAt"`;

/** $1 tenant, $2 SKUs, $3 currencies, $4 warehouses, $5 quantities, $6 amounts, $7 actor: sets prices, and answers those that changed. */
export const SET_PRICES = `
with wanted as materialized (
  select w.*, p.amount as previous
  from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[]) as w (sku, currency, warehouse_id, min_quantity, amount)
  left join prices p on p.tenant_id = $1 and p.sku = w.sku and p.currency = w.currency and p.warehouse_id = w.warehouse_id
    and p.min_quantity = w.min_quantity
), changed as (
  insert into prices (tenant_id, sku, currency, warehouse_id, min_quantity, amount, updated_at)
  select $1, sku, currency, warehouse_id, min_quantity, amount, statement_timestamp() from wanted where amount is distinct from previous
  on conflict (tenant_id, sku, currency, warehouse_id, min_quantity) do update set amount = excluded.amount, updated_at = excluded.updated_at
)
${LOG}
select $1, sku, currency, warehouse_id, min_quantity, amount, previous, $7, statement_timestamp() from wanted where amount is distinct from previous
${ANSWER}`;

/** $1 tenant, $2 SKUs, $3 currencies, $4 warehouses, $5 quantities, $6 actor: removes prices, and answers those that there were. */
export const DELETE_PRICES = `
with gone as (
  delete from prices p using unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) as w (sku, currency, warehouse_id, min_quantity)
  where p.tenant_id = $1 and p.sku = w.sku and p.currency = w.currency and p.warehouse_id = w.warehouse_id and p.min_quantity = w.min_quantity
  returning p.sku, p.currency, p.warehouse_id, p.min_quantity, p.amount
)
${LOG}
select $1, sku, currency, warehouse_id, min_quantity, null, amount, $6, statement_timestamp() from gone
${ANSWER}`;

const FILTER = "tenant_id = $1 and ($2 = '' or sku = $2) and ($3 = '' or currency = $3) and ($4 = '' or warehouse_id = $4)";

/** $1 tenant, then SKU, currency and warehouse, or empty. */
export const LIST_PRICES = `
select sku, currency, warehouse_id as "warehouseId", min_quantity as "minQuantity", amount, updated_at as "updatedAt" from prices where ${FILTER}`;

/** $1 tenant, then SKU, currency and warehouse, or empty. */
export const LIST_CHANGES = `
select seq, id, sku, currency, warehouse_id as "warehouseId", min_quantity as "minQuantity", amount, previous, actor_id as "actorId",
  changed_at as "changedAt" from price_changes where ${FILTER}`;
