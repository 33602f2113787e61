import type { EventHandler } from "@plinth/kernel/events";
import type { PaymentVoidedSchema } from "@plinth/proto/payment/v1/events_pb";
import { recordPayment } from "../domain/order-facts.ts";
import type { RecordNews } from "./record.ts";

/** What was held is let go of: the order was canceled, or the provider's hold ran out. */
export function onPaymentVoided(record: RecordNews): EventHandler<typeof PaymentVoidedSchema> {
  return async ({ reference }, tx) => {
    await record(tx, reference, (order) => recordPayment(order, { kind: "voided" }, new Date()));
  };
}
