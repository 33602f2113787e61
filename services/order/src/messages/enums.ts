import { CartStatus as CartStatusMessage } from "@plinth/proto/order/v1/cart_pb";
import {
  FulfillmentStatus as FulfillmentMessage,
  OrderSort as OrderSortMessage,
  OrderStatus as OrderStatusMessage,
  PaymentStatus as PaymentMessage,
  RefundStatus as RefundMessage,
  ReturnStatus as ReturnMessage,
} from "@plinth/proto/order/v1/order_pb";
import type { CartStatus } from "../domain/cart.ts";
import type { RefundStatus } from "../domain/order.ts";
import type { FulfillmentStatus, OrderStatus, PaymentStatus, ReturnStatus } from "../domain/order-status.ts";
import type { OrderSort } from "../domain/order-store.ts";

/** The domain's words on the wire. */

export const CART_STATUS: Record<CartStatus, CartStatusMessage> = {
  open: CartStatusMessage.OPEN,
  ordering: CartStatusMessage.ORDERING,
  ordered: CartStatusMessage.ORDERED,
  merged: CartStatusMessage.MERGED,
};

export const ORDER_STATUS: Record<OrderStatus, OrderStatusMessage> = {
  open: OrderStatusMessage.OPEN,
  completed: OrderStatusMessage.COMPLETED,
  canceled: OrderStatusMessage.CANCELED,
};

export const PAYMENT_STATUS: Record<PaymentStatus, PaymentMessage> = {
  pending: PaymentMessage.PENDING,
  authorized: PaymentMessage.AUTHORIZED,
  "partially-paid": PaymentMessage.PARTIALLY_PAID,
  paid: PaymentMessage.PAID,
  "partially-refunded": PaymentMessage.PARTIALLY_REFUNDED,
  refunded: PaymentMessage.REFUNDED,
  voided: PaymentMessage.VOIDED,
};

export const FULFILLMENT_STATUS: Record<FulfillmentStatus, FulfillmentMessage> = {
  unfulfilled: FulfillmentMessage.UNFULFILLED,
  "partially-shipped": FulfillmentMessage.PARTIALLY_SHIPPED,
  shipped: FulfillmentMessage.SHIPPED,
  "partially-delivered": FulfillmentMessage.PARTIALLY_DELIVERED,
  delivered: FulfillmentMessage.DELIVERED,
};

export const RETURN_STATUS: Record<ReturnStatus, ReturnMessage> = {
  none: ReturnMessage.NONE,
  "partially-returned": ReturnMessage.PARTIALLY_RETURNED,
  returned: ReturnMessage.RETURNED,
};

export const REFUND_STATUS: Record<RefundStatus, RefundMessage> = {
  pending: RefundMessage.PENDING,
  done: RefundMessage.DONE,
  failed: RefundMessage.FAILED,
  "sent-back": RefundMessage.FAILED,
};

export const ORDER_SORT: Record<OrderSort, OrderSortMessage> = {
  newest: OrderSortMessage.NEWEST,
  oldest: OrderSortMessage.OLDEST,
  changed: OrderSortMessage.CHANGED,
};

/** The domain's word for a value on the wire; undefined for "not said". */
export function wordOf<Word extends string>(table: Readonly<Record<Word, number>>, value: number): Word | undefined {
  return (Object.keys(table) as Word[]).find((word) => table[word] === value);
}
