import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { SagaTimeline } from "@plinth/kernel/sagas";
import type { HistoryEntrySchema, ProcessRunSchema } from "@plinth/proto/order/v1/order_pb";
import type { PaymentIntent } from "@plinth/proto/payment/v1/payment_pb";
import type { PastHappening } from "../domain/order-store.ts";

/** A saga, as whoever helps a buyer reads it. */
export function processMessage({ saga, entries }: SagaTimeline<object>): MessageInitShape<typeof ProcessRunSchema> {
  return {
    name: saga.name,
    sagaId: saga.id,
    status: saga.waitsUntil === undefined ? saga.status : "waiting",
    steps: entries.map(({ step, direction, attempt, outcome, startedAt, durationMs, error = "", traceId = "" }) => ({
      ...{ step, direction, attempt, outcome, durationMs, error, traceId },
      startedAt: timestampFromDate(startedAt),
    })),
  };
}

export function historyMessage({ what, detail, actorId, at }: PastHappening): MessageInitShape<typeof HistoryEntrySchema> {
  return { what, detail: { ...detail }, actorId, at: timestampFromDate(at) };
}

export function paymentHistory({ history }: PaymentIntent): MessageInitShape<typeof HistoryEntrySchema>[] {
  return history.map(({ what, amount, at }) => {
    const detail: Record<string, string> = amount === undefined ? {} : { amount: String(amount.amount), currency: amount.currency };
    return { what, detail, ...(at === undefined ? {} : { at }) };
  });
}
