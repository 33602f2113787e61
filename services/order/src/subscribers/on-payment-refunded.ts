import type { EventHandler } from "@plinth/kernel/events";
import type { PaymentRefundedSchema } from "@plinth/proto/payment/v1/events_pb";
import { recordPayment } from "../domain/order-facts.ts";
import type { RecordNews } from "./record.ts";

/** Money went back, by a refund of the order or at the provider. */
export function onPaymentRefunded(record: RecordNews): EventHandler<typeof PaymentRefundedSchema> {
  return async ({ reference, refunded, failed }, tx) => {
    const fact = { kind: "refunded", refunded: refunded?.amount ?? 0n, sentBack: failed?.amount ?? 0n } as const;
    await record(tx, reference, (order) => recordPayment(order, fact, new Date()));
  };
}
