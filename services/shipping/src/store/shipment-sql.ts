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

const UPDATE = `
with changed as (
  update shipments s set ${CHANGEABLE.map((column) => `${column} = n.${column}`).join(", ")}
  from jsonb_populate_recordset(null::shipments, $2) n where s.id = n.id
)
insert into shipment_history (tenant_id, shipment_id, status, detail, user_id, at)
select $1, id, status, detail, $3, at from unnest($4::text[], $5::text[], $6::text[], $7::timestamptz[]) as happening (id, status, detail, at)`;

/** Those whose order has none for their warehouse yet, with their items and the beginning of their history. */
const INSERT = `
with added as (
  insert into shipments select * from jsonb_populate_recordset(null::shipments, $1)
  on conflict (tenant_id, order_id, warehouse_id) do nothing returning *
), items as (
  insert into shipment_items select i.* from added join jsonb_populate_recordset(null::shipment_items, $2) i on i.shipment_id = added.id
), history as (
  insert into shipment_history (tenant_id, shipment_id, status, detail, user_id, at)
  select tenant_id, id, status, $3, $4, updated_at from added
)
select id from added`;

/** Those to which something happened get a line of history. */
export async function updateShipments(tx: Transaction, changed: readonly (ShipmentWithEntity & Partial<Changed>)[]): Promise<void> {
  const told = changed.flatMap(({ shipment, happening }) => (happening === undefined ? [] : [{ ...shipment, detail: happening.detail }]));
  await tx.query(UPDATE, [
    tx.tenantId,
    JSON.stringify(changed.map(shipmentRow)),
    currentContext()?.user?.id ?? "",
    told.map(({ id }) => id),
    told.map(({ status }) => status),
    told.map(({ detail }) => detail),
    told.map(({ updatedAt }) => updatedAt),
  ]);
}

/** @param detail What their history begins with. Answers those that were added. */
export async function insertShipments(tx: Transaction, made: readonly ShipmentWithEntity[], detail: string): Promise<ShipmentWithEntity[]> {
  const items = made.flatMap(({ shipment: { id, tenantId, items: own } }) =>
    own.map(({ orderLineId, sku, name, quantity }, position) => ({
      ...{ shipment_id: id, tenant_id: tenantId, position, order_line_id: orderLineId, sku, name, quantity: String(quantity) },
    })),
  );
  const values = [JSON.stringify(made.map(shipmentRow)), JSON.stringify(items), detail, currentContext()?.user?.id ?? ""];
  const added = new Set((await tx.query<{ id: string }>(INSERT, values)).map(({ id }) => id));
  return made.filter(({ shipment }) => added.has(shipment.id));
}
