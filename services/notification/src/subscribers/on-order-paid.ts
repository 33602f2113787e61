import type { Transaction } from "@plinth/kernel/database";
import type { EventHandler } from "@plinth/kernel/events";
import type { OrderPaidSchema } from "@plinth/proto/order/v1/events_pb";
import { type SendOrderMail, tellMoney } from "../domain/order-mail.ts";
import type { Stores } from "../domain/ports.ts";

/** Tells that the order is paid. */
export function onOrderPaid(stores: (tx: Transaction) => Stores, send: SendOrderMail): EventHandler<typeof OrderPaidSchema> {
  return async ({ number, userId, email, locale, paid }, tx, { eventId }) => {
    const variables = { number, paid: tellMoney(paid) };
    await send(stores(tx), { template: "order-paid", userId, email, locale, variables, eventId });
  };
}
