import type { EventHandler } from "@plinth/kernel/events";
import type { PaymentCapturedSchema } from "@plinth/proto/payment/v1/events_pb";
import { recordPayment } from "../domain/order-facts.ts";
import type { RecordNews } from "./record.ts";

/** The order is paid, by the checkout, by a clerk who saw the bank transfer, or in part. */
export function onPaymentCaptured(record: RecordNews): EventHandler<typeof PaymentCapturedSchema> {
  return async ({ reference, captured }, tx) => {
    await record(tx, reference, (order) => recordPayment(order, { kind: "captured", captured: captured?.amount ?? 0n }, new Date()));
  };
}
