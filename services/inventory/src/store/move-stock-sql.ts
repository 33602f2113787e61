/**
 * The one statement that changes levels, whatever moves and however many lines: it frees what expired (of the SKUs that move, or of the
 * reservations that are named), locks the levels in one order, and moves all lines or none, each with its entry in the ledger.
 *
 * $1 tenant, $2 SKUs, $3 warehouses, $4 and $5 what is added to on hand and to reserved, $6 kind, $7 reference, $8 reason, $9 note,
 * $10 actor, $11 whether expired reservations of these SKUs give back, $12 ids of reservations that give back.
 *
 * Locks are taken on reservations before levels, both in order, by everybody. A level that was waited for is seen as it is then, not as it was when
 * the statement began: shortage and new level are computed from the locked row. (From the row under update they could not be: Postgres
 * checks the constraint on what follows from the old version before it notices the new one.) A reservation that ended meanwhile is passed over.
 */
export const MOVE_STOCK = `
with wanted as materialized (
  select * from unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[]) as w (sku, warehouse_id, on_hand, reserved)
), due as materialized (
  select r.id from reservations r
  where r.tenant_id = $1 and r.status = 'held' and r.expires_at <= statement_timestamp()
    and (r.id = any ($12::text[]) or ($11::boolean and exists (
      select from reservation_lines l join wanted w using (sku, warehouse_id) where l.reservation_id = r.id)))
  order by r.id for update of r
), lapsed as (
  update reservations r set status = 'expired', ended_at = statement_timestamp()
  from due where r.id = due.id returning r.id, r.reference
), entries as materialized (
  select l.sku, l.warehouse_id, 0::bigint as on_hand, -l.quantity as reserved, 'expire' as kind,
    lapsed.reference, '' as reason, '' as note, '' as actor_id
  from lapsed join reservation_lines l on l.reservation_id = lapsed.id
  union all
  select w.sku, w.warehouse_id, w.on_hand, w.reserved, $6::text, $7::text, $8::text, $9::text, $10::text from wanted w
), sums as materialized (
  select sku, warehouse_id, sum(on_hand)::bigint as on_hand, sum(reserved)::bigint as reserved from entries group by sku, warehouse_id
), locked as materialized (
  select l.sku, l.warehouse_id, l.on_hand, l.reserved from sums join levels l using (sku, warehouse_id)
  where l.tenant_id = $1 order by l.sku collate "C", l.warehouse_id collate "C" for update of l
), short as materialized (
  select w.sku, w.warehouse_id, left_over + w.reserved - w.on_hand as available
  from wanted w join sums s using (sku, warehouse_id) left join locked k using (sku, warehouse_id),
    lateral (select coalesce(k.on_hand - k.reserved, 0) + s.on_hand - s.reserved as left_over) as after
  where left_over < 0 or k.sku is null
  order by w.sku collate "C", w.warehouse_id collate "C"
), moved as (
  update levels l set on_hand = k.on_hand + s.on_hand, reserved = k.reserved + s.reserved, updated_at = statement_timestamp()
  from locked k join sums s using (sku, warehouse_id)
  where l.tenant_id = $1 and l.sku = k.sku and l.warehouse_id = k.warehouse_id and not exists (select from short)
  returning l.sku, l.warehouse_id, l.on_hand, l.reserved, l.updated_at, k.on_hand - k.reserved as available_before
), written as (
  insert into movements (tenant_id, sku, warehouse_id, kind, on_hand_difference, reserved_difference, reference, reason, note, actor_id, created_at)
  select $1, e.sku, e.warehouse_id, e.kind, e.on_hand, e.reserved, e.reference, e.reason, e.note, e.actor_id, statement_timestamp()
  from entries e where not exists (select from short)
)
select
  (select coalesce(json_agg(json_build_object('sku', sku, 'warehouseId', warehouse_id, 'available', available::text)), '[]') from short) as short,
  (select coalesce(json_agg(json_build_object(
      'sku', m.sku, 'warehouseId', m.warehouse_id, 'onHand', m.on_hand::text, 'reserved', m.reserved::text,
      'availableBefore', m.available_before::text, 'updatedAt', m.updated_at, 'productId', coalesce(i.product_id, ''),
      'threshold', i.low_stock_threshold::text, 'wanted', w.sku is not null
    ) order by m.sku collate "C", m.warehouse_id collate "C"), '[]')
    from moved m left join items i on i.tenant_id = $1 and i.sku = m.sku left join wanted w on w.sku = m.sku and w.warehouse_id = m.warehouse_id
  ) as moved,
  (select coalesce(json_agg(json_build_object('id', id, 'reference', reference)), '[]') from lapsed) as lapsed`;
