import type { Transaction } from "@plinth/kernel/database";
import type { EventHandler } from "@plinth/kernel/events";
import type { OrderRefundedSchema } from "@plinth/proto/order/v1/events_pb";
import { type SendOrderMail, tellMoney } from "../domain/order-mail.ts";
import type { Stores } from "../domain/ports.ts";

/** Tells how much goes back. The reason is for whoever works in the shop. */
export function onOrderRefunded(stores: (tx: Transaction) => Stores, send: SendOrderMail): EventHandler<typeof OrderRefundedSchema> {
  return async ({ number, userId, email, locale, amount, refunded, total }, tx, { eventId }) => {
    const variables = { number, amount: tellMoney(amount), refunded: tellMoney(refunded), total: tellMoney(total) };
    await send(stores(tx), { template: "order-refunded", userId, email, locale, variables, eventId });
  };
}
