import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Transaction } from "@plinth/kernel/database";
import type { EventHandler } from "@plinth/kernel/events";
import type { ShipmentShippedSchema } from "@plinth/proto/shipping/v1/events_pb";
import { type SendOrderMail, shown } from "../domain/order-mail.ts";
import type { Stores } from "../domain/ports.ts";

/** Tells that a shipment is on its way, and where to follow it. */
export function onShipmentShipped(stores: (tx: Transaction) => Stores, send: SendOrderMail): EventHandler<typeof ShipmentShippedSchema> {
  return async (shipment, tx, { eventId }) => {
    const { orderNumber, userId, email, locale, items, carrierName, trackingNumber, trackingUrl, estimatedDelivery } = shipment;
    const { first, more } = shown(items);
    const variables = {
      number: orderNumber,
      items: first.map(({ name, sku, quantity }) => ({ name: name || sku, quantity: String(quantity) })),
      more,
      carrier: carrierName,
      tracking_number: trackingNumber,
      // Whatever a carrier says, what can be clicked leads to a page.
      tracking_url: /^https?:\/\//.test(trackingUrl) ? trackingUrl : "",
      estimated_delivery: estimatedDelivery === undefined ? "" : timestampDate(estimatedDelivery).toISOString().slice(0, 10),
    };
    await send(stores(tx), { template: "order-shipped", userId, email, locale, variables, eventId });
  };
}
