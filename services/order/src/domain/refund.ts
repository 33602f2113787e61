import { allocate, conflict, money, newId, notFound, validation } from "@plinth/kernel/base";
import { type Order, type OrderChange, type OrderLine, type Refund, type RefundPart, tooMuch } from "./order.ts";
import { checkMove } from "./order-moves.ts";
import { givesBack, refundedAmountOf, refundedOf, returnedOf } from "./order-status.ts";

/** What is to be given back: an amount; or so many of some lines, and shipping; or all that is left. */
export interface RefundRequest {
  readonly lines: readonly { readonly lineId: string; readonly quantity: bigint; readonly returned: boolean }[];
  readonly shipping: boolean;
  readonly amount: { readonly amount: bigint; readonly currency: string } | undefined;
  readonly reason: string;
  readonly key: string;
  readonly fingerprint: string;
}

/** What is left of a line or of shipping to give back. */
interface Remainder {
  /** Undefined: shipping. */
  readonly line: OrderLine | undefined;
  readonly gross: bigint;
  readonly tax: bigint;
  /** Money that is left, and units that it is for. */
  readonly left: bigint;
  readonly units: bigint;
  /** Units that can still come back. */
  readonly away: bigint;
}

/** A share of a remainder. */
interface Share {
  readonly of: Remainder;
  readonly quantity: bigint;
  readonly amount: bigint;
  readonly returned: boolean;
}

/**
 * Decides a refund. What is given back for units of a line is the difference of two allocations: of what is left over all units that are left, and over
 * those that stay. So no series of refunds, in whatever order, gives back a cent more or less than was paid. Throws CONFLICT, reasons ORDER_STATUS,
 * QUANTITY_TOO_LARGE, AMOUNT_TOO_LARGE, NOTHING_TO_REFUND; NOT_FOUND, reason LINE_NOT_FOUND; VALIDATION_ERROR for another currency, and, reason IDEMPOTENCY_CONFLICT, for the
 * key of another refund. The same key and request is the refund there is.
 */
export function refundOrder(order: Order, request: RefundRequest, now: Date): OrderChange & { readonly refund: Refund } {
  const earlier = request.key === "" ? undefined : order.refunds.find(({ key }) => key === request.key);
  if (earlier !== undefined) {
    if (earlier.fingerprint === request.fingerprint) return { refund: earlier, order, happenings: [] };
    const problem = "was used for another refund; take a new key for a new one";
    throw validation({ "Idempotency-Key": problem }, { reason: "IDEMPOTENCY_CONFLICT" });
  }
  checkMove(order, "refund");
  const remainders = remaindersOf(order);
  const available = order.captured - givenBack(order);
  const shares = sharesOf(order, remainders, request, available).filter(({ amount, quantity }) => amount > 0n || quantity > 0n);
  const amount = shares.reduce((sum, share) => sum + share.amount, 0n);
  if (shares.length === 0 || (amount === 0n && order.total > 0n)) {
    throw conflict("There is nothing left of that to give back.", {
      reason: "NOTHING_TO_REFUND",
      metadata: { available: String(available) },
    });
  }
  if (amount > available) throw tooMuch(available, amount);
  const refund: Refund = {
    id: newId("orf"),
    status: "pending",
    amount,
    tax: shares.reduce((sum, share) => sum + taxIn(share, order.currency), 0n),
    shipping: shares.find(({ of }) => of.line === undefined)?.amount ?? 0n,
    lines: shares.flatMap(partOf),
    reason: request.reason,
    failure: "",
    key: request.key,
    fingerprint: request.fingerprint,
    createdAt: now,
  };
  return { refund, order: { ...order, refunds: [...order.refunds, refund] }, happenings: [{ what: "refund asked", refund }] };
}

/**
 * What went back of an order that was canceled, as the refund of this id: `refunded` is what payment has given back in all. Nothing where our refunds
 * say so already.
 */
export function refundOfCanceled(order: Order, refundId: string, refunded: bigint, now: Date): OrderChange {
  if (refunded <= givenBack(order) || order.refunds.some(({ id }) => id === refundId)) return { order, happenings: [] };
  const done: Refund = { ...restOfCanceled(order, refunded, now), id: refundId, status: "done" };
  return { order: { ...order, refunds: [...order.refunds, done] }, happenings: [{ what: "refunded", refund: done }] };
}

/** The bank would not take a refund: its money is here again, its goods are as well. Nothing where it is not one of the order's, or has failed before. */
export function refundSentBack(
  order: Order,
  { refundId, amount, code }: { readonly refundId: string; readonly amount: bigint; readonly code: string },
  now: Date,
): OrderChange {
  if (refundId === "") return { order, happenings: [] };
  const known = order.refunds.find(({ id }) => id === refundId);
  if (known === undefined && order.canceledAt === null) return { order, happenings: [] };
  if (known !== undefined && !givesBack(known)) return { order, happenings: [] };
  // The news of what a cancellation gave back may be faster than its note.
  const found = known ?? { ...restOfCanceled(order, givenBack(order) + amount, now), id: refundId };
  const refund: Refund = { ...found, status: "sent-back", failure: `The bank sent it back${code === "" ? "" : `: ${code}`}.` };
  const refunds = known === undefined ? [...order.refunds, refund] : order.refunds.map((each) => (each === known ? refund : each));
  return { order: { ...order, refunds }, happenings: [{ what: "refund failed", refund, wasTold: known?.status === "done" }] };
}

/** All that is left of an order that was canceled, so that `refunded` have gone back. */
function restOfCanceled(order: Order, refunded: bigint, now: Date): Refund {
  const request = { lines: [], shipping: false, amount: undefined, reason: order.cancelReason, key: "", fingerprint: "" };
  // As if it were not canceled: a canceled order takes no refunds but this one.
  return refundOrder({ ...order, canceledAt: null, captured: refunded }, request, now).refund;
}

/** How the provider took it. */
export function settleRefund(order: Order, refundId: string, failure: string | undefined): OrderChange {
  const pending = order.refunds.find(({ id, status }) => id === refundId && status === "pending");
  if (pending === undefined) return { order, happenings: [] };
  const refund: Refund = failure === undefined ? { ...pending, status: "done" } : { ...pending, status: "failed", failure };
  const refunds = order.refunds.map((each) => (each.id === refundId ? refund : each));
  return { order: { ...order, refunds }, happenings: [{ what: failure === undefined ? "refunded" : "refund refused", refund }] };
}

/** By our own refunds, those on their way included. */
export function givenBack({ refunds }: Pick<Order, "refunds">): bigint {
  return refunds.filter(givesBack).reduce((sum, { amount }) => sum + amount, 0n);
}

function remaindersOf(order: Order): Remainder[] {
  const ofShipping = order.refunds.filter(givesBack).reduce((sum, { shipping }) => sum + shipping, 0n);
  const lines = order.lines.map((line) => ({
    line,
    gross: line.gross,
    tax: line.tax,
    left: line.gross - refundedAmountOf(order.refunds, line.id),
    units: line.quantity - refundedOf(order.refunds, line.id),
    // What is canceled goes into stock by itself.
    away: order.canceledAt === null ? line.quantity - returnedOf(order.refunds, line.id) : 0n,
  }));
  const shipping = { gross: order.shipping, tax: order.shippingTax, left: order.shipping - ofShipping };
  return [...lines, { line: undefined, ...shipping, units: 0n, away: 0n }];
}

function sharesOf(order: Order, remainders: Remainder[], request: RefundRequest, available: bigint): Share[] {
  if (request.amount !== undefined) {
    if (request.amount.currency !== order.currency) throw validation({ "amount.currency": `must be ${order.currency}, as the order is` });
    return spread(remainders, request.amount.amount, order.currency, available);
  }
  if (request.lines.length > 0 || request.shipping) {
    const ofLines = request.lines.map((wanted) => ofUnits(remainders, wanted, order.currency));
    const twice = request.lines.find(({ lineId }, index) => request.lines.findIndex((other) => other.lineId === lineId) !== index);
    if (twice !== undefined) throw validation({ lines: `name ${twice.lineId} twice; name each line once` });
    return [...ofLines, ...(request.shipping ? remainders.filter(({ line }) => line === undefined).map(allOf) : [])];
  }
  const left = remainders.reduce((sum, remainder) => sum + remainder.left, 0n);
  // Of an order that was charged in part, only that part can go back.
  return left > available ? spread(remainders, available, order.currency, available) : remainders.map(allOf);
}

function ofUnits(remainders: readonly Remainder[], wanted: RefundRequest["lines"][number], currency: string): Share {
  const { lineId, quantity, returned } = wanted;
  const of = remainders.find(({ line }) => line?.id === lineId);
  if (of === undefined) throw notFound(`The order has no line ${lineId}.`, { reason: "LINE_NOT_FOUND", metadata: { line_id: lineId } });
  if (quantity > of.units) {
    throw conflict(`Of line ${lineId} ${of.units} can be given back, not ${quantity}.`, {
      reason: "QUANTITY_TOO_LARGE",
      metadata: { line_id: lineId, available: String(of.units) },
    });
  }
  if (returned && quantity > of.away) {
    throw conflict(`Of line ${lineId} ${of.away} can still come back, not ${quantity}. Give the money back without \`returned\`.`, {
      reason: "QUANTITY_TOO_LARGE",
      metadata: { line_id: lineId, available: String(of.away) },
    });
  }
  const [amount] = allocate(money(of.left, currency), [quantity, of.units - quantity]);
  return { of, quantity, amount: amount?.amount ?? 0n, returned };
}

/** An amount that is for nothing in particular, in proportion to what is left. */
function spread(remainders: readonly Remainder[], amount: bigint, currency: string, available: bigint): Share[] {
  const left = remainders.reduce((sum, remainder) => sum + remainder.left, 0n);
  if (amount > left || amount > available) throw tooMuch(left < available ? left : available, amount);
  if (amount === 0n) return [];
  const amounts = allocate(
    money(amount, currency),
    remainders.map((remainder) => remainder.left),
  );
  return remainders.map((of, index) => ({ of, quantity: 0n, amount: amounts[index]?.amount ?? 0n, returned: false }));
}

function allOf(of: Remainder): Share {
  return { of, quantity: of.units, amount: of.left, returned: false };
}

/** The tax in a share: the difference of two allocations of the whole tax, so that it ends at the whole tax as well. */
function taxIn({ of: { gross, tax, left }, amount }: Share, currency: string): bigint {
  if (gross === 0n) return 0n;
  const taxOf = (part: bigint) => allocate(money(tax, currency), [part, gross - part])[0]?.amount ?? 0n;
  return taxOf(gross - left + amount) - taxOf(gross - left);
}

function partOf({ of: { line }, quantity, amount, returned }: Share): RefundPart[] {
  return line === undefined ? [] : [{ lineId: line.id, quantity, amount, returned }];
}
