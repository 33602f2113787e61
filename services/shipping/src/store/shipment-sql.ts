import { currentContext } from "@plinth/kernel/base";
import type { Transaction } from "@plinth/kernel/database";
import type { Changed } from "../domain/order-shipments.ts";
import type { ShipmentWithEntity } from "../domain/shipment.ts";
import { type FullShipmentRow, shipmentOf, shipmentRow } from "./rows.ts";

/** Shipments of the tenant $1, each with its items and who ships it. */
export const SHIPMENTS = `
select s.*, to_jsonb(e) as entity,
  (select coalesce(jsonb_agg(jsonb_build_object('orderLineId', i.order_line_id, 'sku', i.sku, 'name', i.name, 'quantity', i.quantity::text)
     order by i.position), '[]') from shipment_items i where i.shipment_id = s.id) as items
from shipments s join fulfillment_entities e on e.id = s.entity_id
where s.tenant_id = $1`;

/** What can change of a shipment. */
const CHANGEABLE = [
  ...["status", "carrier_service", "carrier_name", "carrier_shipment_id", "tracker_id", "tracking_number", "tracking_url", "label_url"],
  ...["tracking_status", "tracked_at", "failure_reason", "buying_until", "cancel_wanted", "estimated_delivery", "updated_at"],
  ...["shipped_at", "delivered_at"],
];

/** @param condition On `s`; its parameters begin at $2. With `lock`, nobody else changes what was read. */
export async function readShipments(
  tx: Transaction,
  condition: string,
  parameters: readonly unknown[],
  lock = false,
): Promise<ShipmentWithEntity[]> {
  const sql = `${SHIPMENTS} and ${condition} order by s.id ${lock ? "for update of s" : ""}`;
  return (await tx.query<FullShipmentRow>(sql, [tx.tenantId, ...parameters])).map(shipmentOf);
}

export async function updateShipments(tx: Transaction, changed: readonly ShipmentWithEntity[]): Promise<void> {
  await tx.query(
    `update shipments s set ${CHANGEABLE.map((column) => `${column} = n.${column}`).join(", ")}
     from jsonb_populate_recordset(null::shipments, $1) n where s.id = n.id`,
    [JSON.stringify(changed.map(shipmentRow))],
  );
}

/** Adds those whose order has none for their warehouse yet, with their items; answers these. */
export async function insertShipments(tx: Transaction, made: readonly ShipmentWithEntity[]): Promise<ShipmentWithEntity[]> {
  const rows = await tx.query<{ id: string }>(
    `insert into shipments select * from jsonb_populate_recordset(null::shipments, $1)
     on conflict (tenant_id, order_id, warehouse_id) do nothing returning id`,
    [JSON.stringify(made.map(shipmentRow))],
  );
  const added = made.filter(({ shipment }) => rows.some(({ id }) => id === shipment.id));
  const items = added.flatMap(({ shipment: { id, tenantId, items: own } }) =>
    own.map(({ orderLineId, sku, name, quantity }, position) => ({
      ...{ shipment_id: id, tenant_id: tenantId, position, order_line_id: orderLineId, sku, name, quantity: String(quantity) },
    })),
  );
  if (items.length > 0) {
    await tx.query("insert into shipment_items select * from jsonb_populate_recordset(null::shipment_items, $1)", [JSON.stringify(items)]);
  }
  return added;
}

export async function addHistory(tx: Transaction, changed: readonly Changed[]): Promise<void> {
  await tx.query(
    `insert into shipment_history (tenant_id, shipment_id, status, detail, user_id, at)
     select $1, id, status, detail, $2, at from unnest($3::text[], $4::text[], $5::text[], $6::timestamptz[]) as happening (id, status, detail, at)`,
    [
      tx.tenantId,
      currentContext()?.user?.id ?? "",
      changed.map(({ shipment }) => shipment.id),
      changed.map(({ shipment }) => shipment.status),
      changed.map(({ happening }) => happening.detail),
      changed.map(({ shipment }) => shipment.updatedAt),
    ],
  );
}
