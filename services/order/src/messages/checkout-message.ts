import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { PlinthError } from "@plinth/kernel/base";
import type { Saga, SagaFailure } from "@plinth/kernel/sagas";
import { type CheckoutSchema, CheckoutStatus } from "@plinth/proto/order/v1/order_pb";
import type { Order } from "../domain/order.ts";
import type { CheckoutState } from "../processes/checkout.ts";
import { orderMessage } from "./order-message.ts";

/** How a checkout stands; `order` is there once it is placed. */
export function checkoutMessage(saga: Saga<CheckoutState>, order: Order | undefined): MessageInitShape<typeof CheckoutSchema> {
  const { failure, waitsUntil } = saga;
  const { orderId, nextActionUrl = "" } = saga.state;
  if (order !== undefined) return placedMessage(order);
  if (failure !== undefined) {
    const { step, reason, message, metadata } = failure;
    return { orderId, status: CheckoutStatus.REFUSED, refusal: { step, reason, message, metadata: { ...metadata } } };
  }
  if (waitsUntil === undefined) return { orderId, status: CheckoutStatus.PENDING };
  return { orderId, status: CheckoutStatus.REQUIRES_ACTION, nextActionUrl, actBefore: timestampFromDate(waitsUntil) };
}

export function placedMessage(order: Order): MessageInitShape<typeof CheckoutSchema> {
  return { orderId: order.id, status: CheckoutStatus.PLACED, order: orderMessage(order) };
}

/** The refusal of the step that failed, as whoever asked for the order hears it. */
export function refusalOf({ code, message, reason, metadata, step }: SagaFailure, orderId: string): PlinthError {
  return new PlinthError(code, message, { reason, metadata: { ...metadata, step, order_id: orderId } });
}
