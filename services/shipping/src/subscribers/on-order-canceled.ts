import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Transaction } from "@plinth/kernel/database";
import type { EventHandler } from "@plinth/kernel/events";
import type { OrderCanceledSchema } from "@plinth/proto/order/v1/events_pb";

/** What was not handed over yet stays here. */
export function onOrderCanceled(
  orderCanceled: (tx: Transaction, orderId: string, at: Date) => Promise<void>,
): EventHandler<typeof OrderCanceledSchema> {
  return ({ orderId, canceledAt }, tx) => orderCanceled(tx, orderId, canceledAt === undefined ? new Date() : timestampDate(canceledAt));
}
