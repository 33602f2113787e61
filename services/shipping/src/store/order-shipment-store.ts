import { newId } from "@plinth/kernel/base";
import type { Transaction } from "@plinth/kernel/database";
import { type EntityDefaults, type FulfillmentEntity, unknownEntity } from "../domain/fulfillment-entity.ts";
import {
  type Changed,
  cancel,
  cancelAll,
  makeReady,
  type OrderNews,
  type PlacedOrder,
  shipmentsOf,
  warehouseOf,
} from "../domain/order-shipments.ts";
import type { ShipmentWithEntity } from "../domain/shipment.ts";
import { type EntityJson, type EntityRow, entityOf, entityOfJson } from "./rows.ts";
import type { ShipmentEvents } from "./shipment-events.ts";
import { insertShipments, readShipments, updateShipments } from "./shipment-sql.ts";

/** $1 tenant, $2 order, $3 paid, $4 canceled, or null. From then on nobody else works on the same order until the transaction's end. */
const NOTE_NEWS = `
insert into orders as o (tenant_id, order_id, paid_at, canceled_at) values ($1, $2, $3, $4)
on conflict (tenant_id, order_id) do update
  set paid_at = coalesce(o.paid_at, excluded.paid_at), canceled_at = coalesce(o.canceled_at, excluded.canceled_at)
returning paid_at, canceled_at`;

/** Answers a row where it was not canceled before. Nobody else works on the order from then on, either way. */
const NOTE_CANCELED = `
insert into orders as o (tenant_id, order_id, canceled_at) values ($1, $2, $3)
on conflict (tenant_id, order_id) do update set canceled_at = excluded.canceled_at where o.canceled_at is null
returning order_id`;

/** News of an order, with $5 warehouses and $6 the option, which may be read as they were before the wait for others: who is not seen yet is made, or found made. */
const NOTE_ORDER = `
with news as (${NOTE_NEWS})
select paid_at, canceled_at,
  (select coalesce(json_agg(e), '[]') from fulfillment_entities e where e.tenant_id = $1 and e.warehouse_id = any($5)) as entities,
  (select carrier_service from options where tenant_id = $1 and code = $6) as carrier_service
from news`;

interface FactsRow extends Record<string, unknown> {
  readonly paid_at: Date | null;
  readonly canceled_at: Date | null;
  readonly entities: readonly EntityJson[];
  readonly carrier_service: string | null;
}

interface OrderFacts extends OrderNews {
  readonly known: readonly FulfillmentEntity[];
  readonly carrierService: string;
}

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
    const warehouseIds = [...new Set(order.lines.map(warehouseOf))].sort();
    const { paidAt, canceledAt, known, carrierService } = await noteOrder(tx, order, warehouseIds);
    if (canceledAt !== null) return;
    const now = new Date();
    const unknown = warehouseIds.filter((id) => known.every(({ warehouseId }) => warehouseId !== id));
    const entities = unknown.length === 0 ? known : [...known, ...(await this.#makeEntities(tx, unknown, now))];
    const detail = paidAt === null ? "made" : "made; its order is paid";
    const added = await insertShipments(tx, shipmentsOf(order, { entities, carrierService, paidAt }, now), detail);
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

  /**
   * Nothing of the order goes to a carrier any more, and whoever cancels it is told so by an event, too, for they may not live to hear the answer. Throws as
   * `cancelAll` does.
   */
  async cancelShipments(tx: Transaction, orderId: string, reason: string): Promise<void> {
    const at = new Date();
    const isNews = (await tx.query(NOTE_CANCELED, [tx.tenantId, orderId, at])).length > 0;
    const changed = cancelAll(await readShipments(tx, "s.order_id = $2", [orderId], true), "its order is canceled", at);
    if (changed.length > 0) await updateShipments(tx, changed);
    for (const { shipment, happening } of changed) await this.#events.changed(tx, shipment, happening);
    if (isNews) await this.#events.orderCanceled(tx, orderId, reason, at);
  }

  async #changeAll(tx: Transaction, orderId: string, decide: (found: ShipmentWithEntity) => Changed | undefined): Promise<void> {
    const changed = (await readShipments(tx, "s.order_id = $2", [orderId], true)).flatMap((found) => {
      const decision = decide(found);
      return decision === undefined ? [] : [{ ...found, ...decision }];
    });
    if (changed.length === 0) return;
    await updateShipments(tx, changed);
    for (const { shipment, happening } of changed) await this.#events.changed(tx, shipment, happening);
  }

  /** For warehouses of which nobody has said who ships there. */
  async #makeEntities(tx: Transaction, warehouseIds: readonly string[], now: Date): Promise<FulfillmentEntity[]> {
    const made = warehouseIds.map((warehouseId) =>
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
    return rows.map(entityOf);
  }
}

async function noteNews(tx: Transaction, orderId: string, { paidAt = null, canceledAt = null }: Partial<OrderNews>): Promise<void> {
  await tx.query(NOTE_NEWS, [tx.tenantId, orderId, paidAt, canceledAt]);
}

/** Answers all news that there are of the order, who is known to ship from the warehouses, and the carrier's service of the option. */
async function noteOrder(tx: Transaction, { orderId, optionCode }: PlacedOrder, warehouseIds: readonly string[]): Promise<OrderFacts> {
  const [row] = await tx.query<FactsRow>(NOTE_ORDER, [tx.tenantId, orderId, null, null, warehouseIds, optionCode]);
  if (row === undefined) throw new Error("An upsert answered no row.");
  // An option that is gone leaves the choice to the carrier.
  const carrierService = row.carrier_service ?? "";
  return { paidAt: row.paid_at, canceledAt: row.canceled_at, known: row.entities.map(entityOfJson), carrierService };
}
