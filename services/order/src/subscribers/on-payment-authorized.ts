import type { EventHandler } from "@plinth/kernel/events";
import type { PaymentAuthorizedSchema } from "@plinth/proto/payment/v1/events_pb";
import { recordPayment } from "../domain/order-facts.ts";
import type { RecordNews, WakeCheckout } from "./record.ts";

/** The customer came back from the bank, perhaps: the checkout that waits goes on. */
export function onPaymentAuthorized(record: RecordNews, wake: WakeCheckout): EventHandler<typeof PaymentAuthorizedSchema> {
  return async ({ reference, authorized }, tx) => {
    await wake(tx, reference);
    await record(tx, reference, (order) => recordPayment(order, { kind: "authorized", authorized: authorized?.amount ?? 0n }, new Date()));
  };
}
