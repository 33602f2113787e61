import { conflict, defineTransitions, type PlinthError } from "@plinth/kernel/base";
import type { Order, OrderChange } from "./order.ts";
import { type OrderStatus, orderStatus } from "./order-status.ts";

type Move = "cancel" | "refund";

const ON_ITS_WAY = "something of it has been shipped; refund it instead";

const unlessOnItsWay = ({ shipments }: Order) => (shipments.some(({ status }) => status !== "failed") ? ON_ITS_WAY : undefined);
/** What a cancellation gives back is no business of people, unless the bank would not take it. */
const unlessSentBack = ({ refunds }: Order) =>
  refunds.some(({ status }) => status === "sent-back") ? undefined : "what was charged goes back by itself";
const unlessUnpaid = ({ captured }: Order) => (captured === 0n ? "nothing of it has been charged; cancel it instead" : undefined);

/** What people may do with an order. All else happens to it, by payment and shipping. */
const ORDER_MOVES = defineTransitions<OrderStatus, Move, Order>("order", "ORDER_STATUS", {
  open: { cancel: { to: "canceled", unless: unlessOnItsWay }, refund: { to: "open", unless: unlessUnpaid } },
  completed: { refund: { to: "completed", unless: unlessUnpaid } },
  // Again is no mistake: whoever did not hear the answer repeats it.
  canceled: { cancel: "canceled", refund: { to: "canceled", unless: unlessSentBack } },
});

/** Throws CONFLICT, reason ORDER_STATUS, with why and what is possible. */
export function checkMove(order: Order, move: Move): void {
  ORDER_MOVES.next(orderStatus(order), move, order);
}

/** Shipping has shipped something of the order, and the news of it are on their way: the same refusal as when they have come. */
export function shippedMeanwhile(order: Order): PlinthError {
  const state = orderStatus(order);
  const allowed = ORDER_MOVES.allowed(state, order).filter((move) => move !== "cancel");
  return conflict(`The order cannot cancel: ${ON_ITS_WAY}.`, {
    reason: "ORDER_STATUS",
    metadata: { state, move: "cancel", allowed: allowed.join(","), why: ON_ITS_WAY },
  });
}

/** Throws CONFLICT, reason ORDER_STATUS. */
export function cancelOrder(order: Order, reason: string, now: Date): OrderChange {
  checkMove(order, "cancel");
  if (order.canceledAt !== null) return { order, happenings: [] };
  const canceled = { ...order, canceledAt: now, cancelReason: reason };
  return { order: canceled, happenings: [{ what: "canceled", reason }] };
}
