import { newId } from "@plinth/kernel/base";
import type { Transaction } from "@plinth/kernel/database";
import { type EntityDefaults, type FulfillmentEntity, unknownEntity } from "../domain/fulfillment-entity.ts";
import { type Changed, cancel, makeReady, type OrderNews, type PlacedOrder, shipmentsOf, warehouseOf } from "../domain/order-shipments.ts";
import type { ShipmentWithEntity } from "../domain/shipment.ts";
import { type EntityRow, entityOf } from "./rows.ts";
import type { ShipmentEvents } from "./shipment-events.ts";
import { addHistory, insertShipments, readShipments, updateShipments } from "./shipment-sql.ts";

/** What the events of orders do to shipments, each in the transaction that notes the event. No number of statements grows with an order's lines. */
export class OrderShipmentStore {
  readonly #events: ShipmentEvents;
  readonly #defaults: () => EntityDefaults;

  constructor(events: ShipmentEvents, defaults: () => EntityDefaults) {
    this.#events = events;
    this.#defaults = defaults;
  }

  /** An order that was canceled before has nothing to send; one that was paid before may go out at once. */
  async orderCreated(tx: Transaction, order: PlacedOrder): Promise<void> {
    const { paidAt, canceledAt } = await noteNews(tx, order.orderId, {});
    if (canceledAt !== null) return;
    const now = new Date();
    const entities = await this.#entitiesOf(tx, [...new Set(order.lines.map(warehouseOf))].sort(), now);
    const carrierService = await serviceOf(tx, order.optionCode);
    const added = await insertShipments(tx, shipmentsOf(order, { entities, carrierService, paidAt }, now));
    if (added.length === 0) return;
    const detail = paidAt === null ? "made" : "made; its order is paid";
    await addHistory(
      tx,
      added.map(({ shipment }) => ({ shipment, happening: { detail } })),
    );
    for (const each of added) await this.#events.created(tx, each);
  }

  async orderPaid(tx: Transaction, orderId: string, at: Date): Promise<void> {
    await noteNews(tx, orderId, { paidAt: at });
    await this.#changeAll(tx, orderId, (found) => makeReady(found, "its order is paid", at, new Date()));
  }

  async orderCanceled(tx: Transaction, orderId: string, at: Date): Promise<void> {
    await noteNews(tx, orderId, { canceledAt: at });
    await this.#changeAll(tx, orderId, (found) => cancel(found, "its order was canceled", new Date()));
  }

  async #changeAll(tx: Transaction, orderId: string, decide: (found: ShipmentWithEntity) => Changed | undefined): Promise<void> {
    const changed = (await readShipments(tx, "s.order_id = $2", [orderId], true)).flatMap((found) => {
      const decision = decide(found);
      return decision === undefined ? [] : [{ ...found, ...decision }];
    });
    if (changed.length === 0) return;
    await updateShipments(tx, changed);
    await addHistory(tx, changed);
    for (const { shipment, happening } of changed) await this.#events.changed(tx, shipment, happening);
  }

  /** Those who ship from these warehouses; made where nobody has said who does. */
  async #entitiesOf(tx: Transaction, warehouseIds: readonly string[], now: Date): Promise<FulfillmentEntity[]> {
    const sql = "select * from fulfillment_entities where tenant_id = $1 and warehouse_id = any($2)";
    const known = (await tx.query<EntityRow>(sql, [tx.tenantId, warehouseIds])).map(entityOf);
    const unknown = warehouseIds.filter((id) => known.every(({ warehouseId }) => warehouseId !== id));
    if (unknown.length === 0) return known;
    const made = unknown.map((warehouseId) =>
      unknownEntity({ id: newId("ful"), tenantId: tx.tenantId, warehouseId }, this.#defaults(), now),
    );
    const rows = await tx.query<EntityRow>(
      `insert into fulfillment_entities (id, tenant_id, type, warehouse_id, name, carriers, cut_off_hour, time_zone, created_at, updated_at)
       select id, $1, 'warehouse', warehouse_id, name, '{}', $2, $3, $4, $4 from unnest($5::text[], $6::text[], $7::text[]) as made (id, warehouse_id, name)
       on conflict (tenant_id, warehouse_id) do update set warehouse_id = excluded.warehouse_id returning *`,
      [
        ...[tx.tenantId, this.#defaults().cutOffHour, this.#defaults().timeZone, now],
        ...[made.map(({ id }) => id), made.map(({ warehouseId }) => warehouseId), made.map(({ name }) => name)],
      ],
    );
    return [...known, ...rows.map(entityOf)];
  }
}

/** Notes news of an order and answers all there is, with nobody else working on the same order until the transaction's end. */
async function noteNews(tx: Transaction, orderId: string, { paidAt = null, canceledAt = null }: Partial<OrderNews>): Promise<OrderNews> {
  const [row] = await tx.query<{ paid_at: Date | null; canceled_at: Date | null }>(
    `insert into orders as o (tenant_id, order_id, paid_at, canceled_at) values ($1, $2, $3, $4)
     on conflict (tenant_id, order_id) do update
       set paid_at = coalesce(o.paid_at, excluded.paid_at), canceled_at = coalesce(o.canceled_at, excluded.canceled_at)
     returning paid_at, canceled_at`,
    [tx.tenantId, orderId, paidAt, canceledAt],
  );
  return { paidAt: row?.paid_at ?? null, canceledAt: row?.canceled_at ?? null };
}

/** An option that is gone leaves the choice to the carrier. */
async function serviceOf(tx: Transaction, optionCode: string): Promise<string> {
  const sql = "select carrier_service from options where tenant_id = $1 and code = $2";
  const [row] = await tx.query<{ carrier_service: string }>(sql, [tx.tenantId, optionCode]);
  return row?.carrier_service ?? "";
}
