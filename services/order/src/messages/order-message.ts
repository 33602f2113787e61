import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { NoteSchema, OrderSchema, RefundSchema } from "@plinth/proto/order/v1/order_pb";
import type { Order, Refund } from "../domain/order.ts";
import { deliveredOf, refundedAmountOf, refundedOf, returnedOf, type Statuses, shippedOf, statusesOf } from "../domain/order-status.ts";
import type { Note, OrderSummary } from "../domain/order-store.ts";
import { optionMessage } from "./cart-message.ts";
import { FULFILLMENT_STATUS, ORDER_STATUS, PAYMENT_STATUS, REFUND_STATUS, RETURN_STATUS } from "./enums.ts";

export function orderMessage(order: Order): MessageInitShape<typeof OrderSchema> {
  const { currency, refunds, shipments } = order;
  const money = (amount: bigint) => ({ amount, currency });
  return {
    ...summaryMessage({ ...order, ...statusesOf(order) }),
    lines: order.lines.map(({ unitPrice, subtotal, net, tax, gross, ...line }) => ({
      ...line,
      unitPrice: money(unitPrice),
      subtotal: money(subtotal),
      net: money(net),
      tax: money(tax),
      gross: money(gross),
      shipped: shippedOf(shipments, line.id),
      delivered: deliveredOf(shipments, line.id),
      refunded: refundedOf(refunds, line.id),
      returned: returnedOf(refunds, line.id),
      refundedAmount: money(refundedAmountOf(refunds, line.id)),
    })),
    refunds: refunds.map((refund) => refundMessage(refund, order)),
    shipments: shipments.map(({ id: shipmentId, status, carrier, trackingNumber, trackingUrl, reason, updatedAt }) => ({
      ...{ shipmentId, status, carrier, trackingNumber, trackingUrl, reason },
      updatedAt: timestampFromDate(updatedAt),
    })),
  };
}

/** Without lines, refunds and shipments. */
export function summaryMessage(order: OrderSummary) {
  const { id, number, customerId, userId, email, locale, currency, shippingAddress, taxInclusive, paymentProvider, cancelReason, version } =
    order;
  const money = (amount: bigint) => ({ amount, currency });
  return {
    ...{ id, number, customerId, userId, email, locale, currency, shippingAddress, taxInclusive, paymentProvider, cancelReason, version },
    ...statusMessages(order),
    shippingOption: optionMessage(order.shippingOption, currency),
    subtotal: money(order.subtotal),
    shipping: money(order.shipping),
    tax: money(order.tax),
    total: money(order.total),
    taxes: order.taxes.map(({ rate, net, tax }) => ({ rate, net: money(BigInt(net)), tax: money(BigInt(tax)) })),
    authorized: money(order.authorized),
    captured: money(order.captured),
    refunded: money(order.refunded),
    placedAt: timestampFromDate(order.placedAt),
    updatedAt: timestampFromDate(order.updatedAt),
    ...at("canceledAt", order.canceledAt),
    ...at("completedAt", order.completedAt),
  } satisfies MessageInitShape<typeof OrderSchema>;
}

export function refundMessage(
  refund: Refund,
  { id: orderId, currency }: Pick<Order, "id" | "currency">,
): MessageInitShape<typeof RefundSchema> {
  const { id, amount, tax, shipping, lines, status, reason, failure, createdAt } = refund;
  const money = (minor: bigint) => ({ amount: minor, currency });
  return {
    ...{ id, orderId, reason, failure, status: REFUND_STATUS[status] },
    amount: money(amount),
    tax: money(tax),
    shipping: money(shipping),
    lines: lines.map((part) => ({ ...part, amount: money(part.amount) })),
    createdAt: timestampFromDate(createdAt),
  };
}

export function noteMessage({ createdAt, ...note }: Note): MessageInitShape<typeof NoteSchema> {
  return { ...note, createdAt: timestampFromDate(createdAt) };
}

function statusMessages({ status, paymentStatus, fulfillmentStatus, returnStatus }: Statuses) {
  return {
    status: ORDER_STATUS[status],
    paymentStatus: PAYMENT_STATUS[paymentStatus],
    fulfillmentStatus: FULFILLMENT_STATUS[fulfillmentStatus],
    returnStatus: RETURN_STATUS[returnStatus],
  };
}

function at<Name extends string>(name: Name, date: Date | null): { [K in Name]?: Timestamp } {
  return date === null ? {} : ({ [name]: timestampFromDate(date) } as { [K in Name]: Timestamp });
}
