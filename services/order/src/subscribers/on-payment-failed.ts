import type { EventHandler } from "@plinth/kernel/events";
import type { PaymentFailedSchema } from "@plinth/proto/payment/v1/events_pb";
import { recordPayment } from "../domain/order-facts.ts";
import type { RecordNews, WakeCheckout } from "./record.ts";

/** The bank said no: the checkout that waits turns back. */
export function onPaymentFailed(record: RecordNews, wake: WakeCheckout): EventHandler<typeof PaymentFailedSchema> {
  return async ({ reference, code }, tx) => {
    const change = await record(tx, reference, (order) => recordPayment(order, { kind: "failed", code }, new Date()));
    // Where the order is there the checkout waits for its payment no more.
    if (change === undefined) await wake(tx, reference);
  };
}
