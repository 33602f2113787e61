import type { Transaction } from "@plinth/kernel/database";
import type { EventHandler } from "@plinth/kernel/events";
import type { OrderShipmentsCanceledSchema } from "@plinth/proto/shipping/v1/events_pb";

/** Nothing of the order will be shipped: whoever had asked for that may not have lived to cancel it. */
export function onOrderShipmentsCanceled(
  cancel: (tx: Transaction, orderId: string, reason: string) => Promise<unknown>,
): EventHandler<typeof OrderShipmentsCanceledSchema> {
  return async ({ orderId, reason }, tx) => void (await cancel(tx, orderId, reason));
}
