import type { Transaction } from "@plinth/kernel/database";
import type { EventHandler } from "@plinth/kernel/events";
import type { ShipmentDeliveredSchema } from "@plinth/proto/shipping/v1/events_pb";
import { type SendOrderMail, shown } from "../domain/order-mail.ts";
import type { Stores } from "../domain/ports.ts";

/** Tells that a shipment has arrived. */
export function onShipmentDelivered(
  stores: (tx: Transaction) => Stores,
  send: SendOrderMail,
): EventHandler<typeof ShipmentDeliveredSchema> {
  return async ({ orderNumber, userId, email, locale, items }, tx, { eventId }) => {
    const { first, more } = shown(items);
    const variables = {
      number: orderNumber,
      items: first.map(({ name, sku, quantity }) => ({ name: name || sku, quantity: String(quantity) })),
      more,
    };
    await send(stores(tx), { template: "order-delivered", userId, email, locale, variables, eventId });
  };
}
