import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Transaction } from "@plinth/kernel/database";
import type { EventHandler } from "@plinth/kernel/events";
import type { ShipmentShippedSchema } from "@plinth/proto/shipping/v1/events_pb";
import type { Order } from "../domain/order.ts";
import { recordShipment } from "../domain/order-facts.ts";
import type { RecordNews } from "./record.ts";

/** Goods have left; where payments are charged then, this one is. */
export function onShipmentShipped(
  record: RecordNews,
  captureIfDue: (tx: Transaction, order: Order) => Promise<unknown>,
): EventHandler<typeof ShipmentShippedSchema> {
  return async ({ orderId, shipmentId: id, carrier, trackingNumber, trackingUrl, shippedAt, items }, tx) => {
    const at = shippedAt === undefined ? new Date() : timestampDate(shippedAt);
    const contents = items.map(({ orderLineId: lineId, quantity }) => ({ lineId, quantity }));
    const shipment = { id, status: "shipped", items: contents, carrier, trackingNumber, trackingUrl, reason: "", updatedAt: at } as const;
    const change = await record(tx, orderId, (order) => recordShipment(order, shipment, new Date()));
    if (change !== undefined) await captureIfDue(tx, change.order);
  };
}
