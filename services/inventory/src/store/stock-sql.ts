/** What reservations of the tenant $1 still hold in the levels although their time has passed. */
const EXPIRED = `
  select l.sku, l.warehouse_id, sum(l.quantity)::bigint as quantity
  from reservations r join reservation_lines l on l.reservation_id = r.id
  where r.tenant_id = $1 and r.status = 'held' and r.expires_at <= statement_timestamp()
  group by l.sku, l.warehouse_id`;

/** $1 tenant, $2 SKUs, $3 products, $4 warehouses: one row for each question, in their order. A product stands for all its SKUs. */
export const CHECK_STOCKS = `
with expired as materialized (${EXPIRED}),
asked as (
  select a.*, w.id as place, w.status
  from unnest($2::text[], $3::text[], $4::text[]) with ordinality as a (sku, product_id, warehouse_id, position)
  left join warehouses w on w.tenant_id = $1 and (w.id = a.warehouse_id or (a.warehouse_id = '' and w.is_default))
)
select max(a.place) as warehouse_id, max(a.status) as status,
  coalesce(sum(v.on_hand), 0)::bigint as on_hand,
  coalesce(sum(v.reserved - coalesce(e.quantity, 0)), 0)::bigint as reserved,
  max(v.on_hand - v.reserved + coalesce(e.quantity, 0)) as best
from asked a
left join items i on i.tenant_id = $1 and a.product_id <> '' and i.product_id = a.product_id
left join levels v on v.tenant_id = $1 and v.warehouse_id = a.place and v.sku = case when a.product_id = '' then a.sku else i.sku end
left join expired e on e.sku = v.sku and e.warehouse_id = v.warehouse_id
group by a.position order by a.position`;

/** $1 tenant, $2 SKU or empty, $3 warehouse or empty, $4 only low ones, $5 the threshold of those that have none of their own. */
export const LEVELS = `
select v.sku, v.warehouse_id as "warehouseId", coalesce(i.product_id, '') as "productId", v.on_hand as "onHand",
  v.reserved - coalesce(e.quantity, 0) as reserved, v.updated_at as "updatedAt"
from levels v
left join items i on i.tenant_id = v.tenant_id and i.sku = v.sku
left join (${EXPIRED}) e on e.sku = v.sku and e.warehouse_id = v.warehouse_id
where v.tenant_id = $1 and ($2 = '' or v.sku = $2) and ($3 = '' or v.warehouse_id = $3)
  and (not $4::boolean or v.on_hand - v.reserved + coalesce(e.quantity, 0) <= coalesce(i.low_stock_threshold, $5::bigint))`;

/** $1 tenant, $2 SKUs, $3 warehouse: levels for goods that come there for the first time. */
export const MAKE_LEVELS = `
insert into levels (tenant_id, sku, warehouse_id, on_hand, reserved, updated_at)
select $1, sku, $3, 0, 0, statement_timestamp() from unnest($2::text[]) as sku order by sku collate "C"
on conflict (tenant_id, sku, warehouse_id) do nothing`;

/** $1 tenant, $2 kind or empty, then what is filtered by, in this order; indexes serve each of them. */
export function movementsSql(by: { sku: boolean; warehouse: boolean; reference: boolean }): string {
  const filtered = [by.sku && "sku", by.warehouse && "warehouse_id", by.reference && "reference"].filter((column) => column !== false);
  const conditions = filtered.map((column, index) => `and ${column} = $${index + 3} `);
  return `
select seq, id, sku, warehouse_id as "warehouseId", kind, on_hand_difference as "onHandDifference", reserved_difference as "reservedDifference",
  reference, reason, note, actor_id as "actorId", created_at as "createdAt"
from movements where tenant_id = $1 and ($2 = '' or kind = $2) ${conditions.join("")}`;
}
