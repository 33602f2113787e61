import type { EventHandler } from "@plinth/kernel/events";
import type { PaymentAuthorizedSchema } from "@plinth/proto/payment/v1/events_pb";
import { recordPayment } from "../domain/order-facts.ts";
import type { RecordNews, WakeCheckout } from "./record.ts";

/** The customer came back from the bank, perhaps: the checkout that waits goes on. */
export function onPaymentAuthorized(record: RecordNews, wake: WakeCheckout): EventHandler<typeof PaymentAuthorizedSchema> {
  return async ({ reference, authorized }, tx) => {
    const fact = { kind: "authorized", authorized: authorized?.amount ?? 0n } as const;
    const change = await record(tx, reference, (order) => recordPayment(order, fact, new Date()));
    // Where the order is there the checkout waits for its payment no more.
    if (change === undefined) await wake(tx, reference);
  };
}
