import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { EventHandler } from "@plinth/kernel/events";
import type { ShipmentDeliveredSchema } from "@plinth/proto/shipping/v1/events_pb";
import { recordShipment } from "../domain/order-facts.ts";
import type { RecordNews } from "./record.ts";

/** Goods have arrived; with the last of them the order may be complete. */
export function onShipmentDelivered(record: RecordNews): EventHandler<typeof ShipmentDeliveredSchema> {
  return async ({ orderId, shipmentId: id, deliveredAt, items }, tx) => {
    const at = deliveredAt === undefined ? new Date() : timestampDate(deliveredAt);
    const contents = items.map(({ orderLineId: lineId, quantity }) => ({ lineId, quantity }));
    const shipment = {
      id,
      status: "delivered",
      items: contents,
      carrier: "",
      trackingNumber: "",
      trackingUrl: "",
      reason: "",
      updatedAt: at,
    } as const;
    await record(tx, orderId, (order) => recordShipment(order, shipment, new Date()));
  };
}
