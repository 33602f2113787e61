import { currentContext } from "@plinth/kernel/base";
import type { Statement } from "@plinth/kernel/database";
import type { Reservation } from "../domain/reservation.ts";
import type { StockEvents } from "./stock-events.ts";

/**
 * Takes the stock of a reservation out that is held; else nothing is changed and no row answered. The lines of a reservation never change, so they may have
 * been read before. What is locked, and in which order, is as in `MOVE_STOCK`; the keys of the events come last.
 *
 * $1 tenant, $2 id, $3 SKUs, $4 warehouses, $5 quantities, $6 reference, $7 actor, $8 events.
 */
const COMMIT_AT_ONCE = `
with held as materialized (select id from reservations where tenant_id = $1 and id = $2 and status = 'held' for update),
locked as materialized (
  select l.sku, l.warehouse_id, l.on_hand, l.reserved, w.quantity, w.nr
  from held, unnest($3::text[], $4::text[], $5::bigint[]) with ordinality as w (sku, warehouse_id, quantity, nr) join levels l using (sku, warehouse_id)
  where l.tenant_id = $1 order by l.sku collate "C", l.warehouse_id collate "C" for update of l
), ended as (
  update reservations r set status = 'committed', ended_at = statement_timestamp() from held
  where r.id = held.id and (select count(*) from locked) = cardinality($3::text[]) returning r.ended_at as at
), moved as (
  update levels l set on_hand = k.on_hand - k.quantity, reserved = k.reserved - k.quantity, updated_at = ended.at from ended, locked k
  where l.tenant_id = $1 and l.sku = k.sku and l.warehouse_id = k.warehouse_id
  returning k.nr, l.sku, l.warehouse_id, k.quantity, l.on_hand, l.reserved, l.updated_at as at
), written as (
  insert into movements (tenant_id, sku, warehouse_id, kind, on_hand_difference, reserved_difference, reference, reason, note, actor_id, created_at)
  select $1, sku, warehouse_id, 'commit', -quantity, -quantity, $6, '', '', $7, at from moved
), news as (
  select 'committed' as event, jsonb_build_object('committedAt', at) as data from ended
  union all
  select 'changed ' || m.nr, jsonb_build_object('onHand', m.on_hand::text, 'reserved', m.reserved::text, 'available', (m.on_hand - m.reserved)::text,
    'productId', coalesce(i.product_id, ''), 'changedAt', m.at)
  from moved m left join items i on i.tenant_id = $1 and i.sku = m.sku
)
select ended.at, publish_prepared($8::jsonb, (select jsonb_object_agg(event, data) from news)) as published from ended`;

/** The reservation as it is when its stock has gone out, by one statement; undefined where it is not held any more. */
export async function commitAtOnce(tx: Statement, events: StockEvents, held: Reservation): Promise<Reservation | undefined> {
  const { id, reference, lines } = held;
  const prepared = events.prepareCommitted(tx, held);
  const [ended] = await tx.query<{ at: Date; published: readonly string[] }>(COMMIT_AT_ONCE, [
    ...[tx.tenantId, id],
    lines.map(({ sku }) => sku),
    lines.map(({ warehouseId }) => warehouseId),
    lines.map(({ quantity }) => quantity),
    ...[reference, currentContext()?.user?.id ?? "", prepared.toParameter()],
  ]);
  if (ended === undefined) return undefined;
  prepared.published(ended.published);
  return { ...held, status: "committed", endedAt: ended.at };
}
