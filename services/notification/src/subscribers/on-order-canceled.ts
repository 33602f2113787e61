import type { Transaction } from "@plinth/kernel/database";
import type { EventHandler } from "@plinth/kernel/events";
import type { OrderCanceledSchema } from "@plinth/proto/order/v1/events_pb";
import type { SendOrderMail } from "../domain/order-mail.ts";
import type { Stores } from "../domain/ports.ts";

/** Tells that the order will not come. The reason is for whoever works in the shop. */
export function onOrderCanceled(stores: (tx: Transaction) => Stores, send: SendOrderMail): EventHandler<typeof OrderCanceledSchema> {
  return async ({ number, userId, email, locale }, tx, { eventId }) => {
    await send(stores(tx), { template: "order-canceled", userId, email, locale, variables: { number }, eventId });
  };
}
