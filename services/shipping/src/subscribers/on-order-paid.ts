import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Transaction } from "@plinth/kernel/database";
import type { EventHandler } from "@plinth/kernel/events";
import type { OrderPaidSchema } from "@plinth/proto/order/v1/events_pb";

/** What was paid may go out. */
export function onOrderPaid(
  orderPaid: (tx: Transaction, orderId: string, at: Date) => Promise<void>,
): EventHandler<typeof OrderPaidSchema> {
  return ({ orderId, paidAt }, tx) => orderPaid(tx, orderId, paidAt === undefined ? new Date() : timestampDate(paidAt));
}
