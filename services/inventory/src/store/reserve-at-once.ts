import { currentContext } from "@plinth/kernel/base";
import type { Statement } from "@plinth/kernel/database";
import type { Reservation } from "../domain/reservation.ts";
import { LOCK_REFERENCE } from "./reservation-rows.ts";
import type { StockEvents } from "./stock-events.ts";

/**
 * Reserves if nothing is in the way: the warehouses are there and active, of each SKU there is enough without what others let expire, and nobody has the
 * reference. Else nothing is changed and no row answered. What is locked, and in which order, is as in `MOVE_STOCK`, after the reference; the keys of the events
 * come last.
 *
 * $1 tenant, $2 SKUs, $3 warehouses (empty: the default one), $4 quantities, $5 id, $6 reference, $7 seconds that it lives, $8 actor, $9 threshold of SKUs
 * without their own, $10 events.
 */
const RESERVE_AT_ONCE = `
with turn as materialized (select ${LOCK_REFERENCE("$1", "$6")}),
wanted as materialized (
  select w.sku, h.id as warehouse_id, w.quantity, w.nr
  from unnest($2::text[], $3::text[], $4::bigint[]) with ordinality as w (sku, warehouse_id, quantity, nr)
  join warehouses h on h.tenant_id = $1 and h.status = 'active' and (h.id = w.warehouse_id or (w.warehouse_id = '' and h.is_default))
), locked as materialized (
  select l.sku, l.warehouse_id, l.on_hand, l.reserved, w.quantity, w.nr from turn, wanted w join levels l using (sku, warehouse_id)
  where l.tenant_id = $1 order by l.sku collate "C", l.warehouse_id collate "C" for update of l
), possible as materialized (
  select from locked where on_hand - reserved >= quantity having count(*) = cardinality($2::text[])
), made as (
  insert into reservations (id, tenant_id, reference, status, expires_at, created_at)
  select $5, $1, $6::text, 'held', statement_timestamp() + $7 * interval '1 second', statement_timestamp() from possible
  on conflict (tenant_id, reference) do nothing returning created_at, expires_at
), lines as (
  insert into reservation_lines (reservation_id, tenant_id, sku, warehouse_id, quantity)
  select $5, $1, sku, warehouse_id, quantity from made, wanted
), moved as (
  update levels l set reserved = k.reserved + k.quantity, updated_at = made.created_at from made, locked k
  where l.tenant_id = $1 and l.sku = k.sku and l.warehouse_id = k.warehouse_id
  returning k.nr, l.sku, l.warehouse_id, l.on_hand, l.reserved, l.on_hand - l.reserved as available, k.on_hand - k.reserved as available_before, l.updated_at as at
), written as (
  insert into movements (tenant_id, sku, warehouse_id, kind, on_hand_difference, reserved_difference, reference, reason, note, actor_id, created_at)
  select $1, sku, warehouse_id, 'reserve', 0, quantity, $6, '', '', $8, created_at from made, wanted
), levelled as (
  select m.*, coalesce(i.low_stock_threshold, $9::bigint) as threshold, jsonb_build_object('warehouseId', m.warehouse_id, 'onHand', m.on_hand::text,
    'reserved', m.reserved::text, 'available', m.available::text, 'productId', coalesce(i.product_id, '')) as stock
  from moved m left join items i on i.tenant_id = $1 and i.sku = m.sku
), news as (
  select 'held' as event, jsonb_build_object('createdAt', created_at, 'expiresAt', expires_at, 'lines',
    (select jsonb_agg(jsonb_build_object('sku', sku, 'warehouseId', warehouse_id, 'quantity', quantity::text) order by nr) from wanted)) as data from made
  union all
  select 'changed ' || nr, stock || jsonb_build_object('changedAt', at) from levelled
  union all
  select 'low ' || nr, stock || jsonb_build_object('threshold', threshold::text, 'fellAt', at) from levelled
  where available_before > threshold and available <= threshold
)
select made.*, array(select warehouse_id from wanted order by nr) as warehouses, publish_prepared($10::jsonb, (select jsonb_object_agg(event, data) from news)) as published from made`;

interface Made {
  readonly created_at: Date;
  readonly expires_at: Date;
  /** Of the lines. */
  readonly warehouses: readonly string[];
  readonly published: readonly string[];
}

/** The reservation as it was made, by one statement; undefined where something is in the way. Its lines need not name their warehouse. */
export async function reserveAtOnce(
  tx: Statement,
  events: StockEvents,
  wanted: Reservation,
  ttlSeconds: number,
): Promise<Reservation | undefined> {
  const { id, reference, lines } = wanted;
  const prepared = events.prepareHeld(tx, wanted);
  const [made] = await tx.query<Made>(RESERVE_AT_ONCE, [
    tx.tenantId,
    lines.map(({ sku }) => sku),
    lines.map(({ warehouseId }) => warehouseId),
    lines.map(({ quantity }) => quantity),
    ...[id, reference, ttlSeconds, currentContext()?.user?.id ?? "", events.lowStockThreshold(), prepared.toParameter()],
  ]);
  if (made === undefined) return undefined;
  prepared.published(made.published);
  const placed = lines.map((line, index) => ({ ...line, warehouseId: made.warehouses[index] ?? line.warehouseId }));
  return { ...wanted, lines: placed, createdAt: made.created_at, expiresAt: made.expires_at };
}
