import type { EventHandler } from "@plinth/kernel/events";
import type { PaymentRefundFailedSchema } from "@plinth/proto/payment/v1/events_pb";
import { recordPayment } from "../domain/order-facts.ts";
import { refundSentBack } from "../domain/refund.ts";
import type { RecordNews } from "./record.ts";

/** The bank sent a refund back, perhaps days later: what had been given back can be given back once more. */
export function onPaymentRefundFailed(record: RecordNews): EventHandler<typeof PaymentRefundFailedSchema> {
  return async ({ reference, refundReference, amount, refunded, failed, code }, tx) => {
    const fact = { kind: "refunded", refunded: refunded?.amount ?? 0n, sentBack: failed?.amount ?? 0n } as const;
    const returned = { refundId: refundReference, amount: amount?.amount ?? 0n, code };
    await record(tx, reference, (order) => {
      const now = new Date();
      const noted = recordPayment(order, fact, now);
      const { order: after, happenings } = refundSentBack(noted.order, returned, now);
      return { order: after, happenings: [...noted.happenings, ...happenings] };
    });
  };
}
