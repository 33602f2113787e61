import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { EventHandler } from "@plinth/kernel/events";
import type { ShipmentFailedSchema } from "@plinth/proto/shipping/v1/events_pb";
import { recordShipment } from "../domain/order-facts.ts";
import type { RecordNews } from "./record.ts";

/** Goods did not arrive: they count as not shipped. */
export function onShipmentFailed(record: RecordNews): EventHandler<typeof ShipmentFailedSchema> {
  return async ({ orderId, shipmentId: id, reason, failedAt, items }, tx) => {
    const at = failedAt === undefined ? new Date() : timestampDate(failedAt);
    const contents = items.map(({ orderLineId: lineId, quantity }) => ({ lineId, quantity }));
    const shipment = {
      id,
      status: "failed",
      items: contents,
      carrier: "",
      trackingNumber: "",
      trackingUrl: "",
      reason,
      updatedAt: at,
    } as const;
    await record(tx, orderId, (order) => recordShipment(order, shipment, new Date()));
  };
}
