/** $1 tenant, $2 channel, $3 country or empty, $4 moment or null: the channel, and the rates of the country that hold then. */
export const TERMS = `
select c.code, c.currency, c.country, c.tax_inclusive as "taxInclusive", c.tax_rounding as "taxRounding", c.warehouse_id as "warehouseId",
  c.version, c.created_at as "createdAt", c.updated_at as "updatedAt", c.tenant_id as "tenantId",
  (select coalesce(json_agg(json_build_object('taxClass', tax_class, 'name', name, 'rate', rate)), '[]') from (
    select distinct on (tax_class) tax_class, name, rate from tax_rates t
    where t.tenant_id = $1 and t.country = coalesce(nullif($3, ''), c.country) and t.valid_from <= coalesce($4, statement_timestamp())
    order by tax_class, valid_from desc) held) as rates
from channels c where c.tenant_id = $1 and c.code = $2`;

/** A SKU may be found with two products until the event arrives that takes it from one: what was heard last counts. */
const NAMED = `
with asked as (
  select * from unnest($2::text[], $3::text[], $4::text[]) with ordinality as a (sku, product_id, warehouse_id, position)
), named as (
  (select distinct on (a.position) a.position, a.warehouse_id, s.sku, s.product_id, s.place, s.title, s.tax_class, s.weight_grams,
     p.name, p.published, p.image_url
   from asked a join product_skus s on s.tenant_id = $1 and s.sku = a.sku join products p on p.tenant_id = $1 and p.product_id = s.product_id
   where a.sku <> '' order by a.position, p.heard_at desc)
  union all
  select a.position, a.warehouse_id, s.sku, s.product_id, s.place, s.title, s.tax_class, s.weight_grams, p.name, p.published, p.image_url
  from asked a join product_skus s on s.tenant_id = $1 and s.product_id = a.product_id
    join products p on p.tenant_id = $1 and p.product_id = s.product_id
  where a.product_id <> ''
)
select n.position, n.sku, n.product_id as "productId", n.title, n.tax_class as "taxClass", n.weight_grams as "weightGrams", n.name, n.published,
  n.image_url as "imageUrl", coalesce(b.prices, '[]') as prices
from named n left join lateral (
  select json_agg(json_build_object('warehouseId', warehouse_id, 'minQuantity', min_quantity::text, 'amount', amount::text)
    order by warehouse_id desc, min_quantity) as prices
  from `;

const END = ` priced where amount is not null
) b on true
order by n.position, n.place`;

const OF_SKU = "p.tenant_id = $1 and p.sku = n.sku and p.currency = $5 and p.warehouse_id in ('', n.warehouse_id)";

/** $1 tenant, $2 SKUs, $3 products, $4 warehouses, $5 currency: what is known of each line, by their positions from 1. */
export const LINES = `${NAMED}(select warehouse_id, min_quantity, amount from prices p where ${OF_SKU})${END}`;

/** The same with the prices as they were at the moment $6. */
export const LINES_AT = `${NAMED}(
  select distinct on (warehouse_id, min_quantity) warehouse_id, min_quantity, amount from price_changes p
  where ${OF_SKU} and p.changed_at <= $6 order by warehouse_id, min_quantity, seq desc)${END}`;

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
