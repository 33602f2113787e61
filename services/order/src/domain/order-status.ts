import type { Order, OrderLine, Refund, RefundPart } from "./order.ts";

// The four statuses of an order. Each is a pure function of what happened, and none knows the others: nothing is stored that could contradict the
// facts, and whatever order the news arrive in, the status is right once they are there.

export type OrderStatus = "open" | "completed" | "canceled";
export type PaymentStatus = "pending" | "authorized" | "partially-paid" | "paid" | "partially-refunded" | "refunded" | "voided";
export type FulfillmentStatus = "unfulfilled" | "partially-shipped" | "shipped" | "partially-delivered" | "delivered";
export type ReturnStatus = "none" | "partially-returned" | "returned";

export interface Statuses {
  readonly status: OrderStatus;
  readonly paymentStatus: PaymentStatus;
  readonly fulfillmentStatus: FulfillmentStatus;
  readonly returnStatus: ReturnStatus;
}

type PaymentFacts = Pick<Order, "total" | "authorized" | "captured" | "refunded" | "voided">;
type ShippingFacts = Pick<Order, "lines" | "shipments">;
type ReturnFacts = Pick<Order, "lines" | "refunds">;

export function statusesOf(order: Order): Statuses {
  return {
    status: orderStatus(order),
    paymentStatus: paymentStatus(order),
    fulfillmentStatus: fulfillmentStatus(order),
    returnStatus: returnStatus(order),
  };
}

/** Completed: all of it was charged, whatever went back later, and all of it has arrived. */
export function orderStatus(order: PaymentFacts & ShippingFacts & Pick<Order, "canceledAt">): OrderStatus {
  if (order.canceledAt !== null) return "canceled";
  return isPaid(order) && fulfillmentStatus(order) === "delivered" ? "completed" : "open";
}

export function paymentStatus({ total, authorized, captured, refunded, voided }: PaymentFacts): PaymentStatus {
  if (captured > 0n) {
    if (refunded >= captured) return "refunded";
    if (refunded > 0n) return "partially-refunded";
    return captured >= total ? "paid" : "partially-paid";
  }
  if (voided) return "voided";
  if (total === 0n) return "paid";
  return authorized >= total ? "authorized" : "pending";
}

export function isPaid({ total, captured }: Pick<Order, "total" | "captured">): boolean {
  return captured >= total;
}

export function fulfillmentStatus({ lines, shipments }: ShippingFacts): FulfillmentStatus {
  const reached = (many: (lineId: string) => bigint) => amountOf(lines, many);
  const delivered = reached((id) => deliveredOf(shipments, id));
  if (delivered !== "nothing") return delivered === "all" ? "delivered" : "partially-delivered";
  const shipped = reached((id) => shippedOf(shipments, id));
  if (shipped === "nothing") return "unfulfilled";
  return shipped === "all" ? "shipped" : "partially-shipped";
}

export function returnStatus({ lines, refunds }: ReturnFacts): ReturnStatus {
  const returned = amountOf(lines, (id) => returnedOf(refunds, id));
  if (returned === "nothing") return "none";
  return returned === "all" ? "returned" : "partially-returned";
}

/** How many of a line have left. What failed on its way has not. */
export function shippedOf(shipments: Order["shipments"], lineId: string): bigint {
  return countOf(
    shipments.filter(({ status }) => status !== "failed"),
    lineId,
  );
}

export function deliveredOf(shipments: Order["shipments"], lineId: string): bigint {
  return countOf(
    shipments.filter(({ status }) => status === "delivered"),
    lineId,
  );
}

/** Of how many the money went back, or is on its way. */
export function refundedOf(refunds: Order["refunds"], lineId: string): bigint {
  return partsOf(refunds, lineId).reduce((sum, { quantity }) => sum + quantity, 0n);
}

export function refundedAmountOf(refunds: Order["refunds"], lineId: string): bigint {
  return partsOf(refunds, lineId).reduce((sum, { amount }) => sum + amount, 0n);
}

/** How many came back; they stay where the bank sends the money back. */
export function returnedOf(refunds: Order["refunds"], lineId: string): bigint {
  const taken = refunds.filter(({ status }) => status !== "failed").flatMap(({ lines }) => lines);
  return taken.reduce((sum, { lineId: id, quantity, returned }) => (returned && id === lineId ? sum + quantity : sum), 0n);
}

/** Whether its money is with the buyer, or on its way. */
export function givesBack({ status }: Pick<Refund, "status">): boolean {
  return status === "pending" || status === "done";
}

function partsOf(refunds: Order["refunds"], lineId: string): RefundPart[] {
  return refunds.filter(givesBack).flatMap(({ lines }) => lines.filter((line) => line.lineId === lineId));
}

function countOf(shipments: Order["shipments"], lineId: string): bigint {
  return shipments.flatMap(({ items }) => items).reduce((sum, item) => (item.lineId === lineId ? sum + item.quantity : sum), 0n);
}

function amountOf(lines: readonly OrderLine[], many: (lineId: string) => bigint): "nothing" | "some" | "all" {
  const counts = lines.map(({ id, quantity }) => ({ quantity, count: many(id) }));
  if (counts.every(({ count }) => count === 0n)) return "nothing";
  return counts.every(({ count, quantity }) => count >= quantity) ? "all" : "some";
}
