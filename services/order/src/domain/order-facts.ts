import type { Happening, Order, OrderChange, Shipment, ShipmentStatus } from "./order.ts";
import { isPaid, orderStatus } from "./order-status.ts";

/** What payment tells of an order's payment. Amounts are sums so far, so that news that come twice or late change nothing. */
export type PaymentFact =
  | { readonly kind: "authorized"; readonly authorized: bigint }
  | { readonly kind: "captured"; readonly captured: bigint }
  | { readonly kind: "refunded"; readonly refunded: bigint; readonly sentBack: bigint }
  | { readonly kind: "voided" }
  | { readonly kind: "failed"; readonly code: string };

const RANK: Record<ShipmentStatus, number> = { shipped: 1, failed: 2, delivered: 3 };

/** Takes over what payment tells. */
export function recordPayment(order: Order, fact: PaymentFact, now: Date): OrderChange {
  switch (fact.kind) {
    case "authorized":
      if (fact.authorized <= order.authorized) return nothing(order);
      return concluded(order, { ...order, authorized: fact.authorized }, [{ what: "authorized" }], now);
    case "captured": {
      if (fact.captured <= order.captured) return nothing(order);
      const captured = { ...order, captured: fact.captured, authorized: atLeast(order.authorized, fact.captured) };
      return concluded(order, captured, [{ what: "captured", amount: fact.captured - order.captured }], now);
    }
    case "refunded":
      return recordRefunds(order, fact, now);
    case "voided":
      if (order.voided) return nothing(order);
      return concluded(order, { ...order, voided: true, authorized: order.captured }, [{ what: "voided" }], now);
    case "failed":
      return { order, happenings: [{ what: "payment failed", code: fact.code }] };
  }
}

/** What was ever given back, and what of it came back, only grow: whichever news come first, their difference is right in the end. */
function recordRefunds(order: Order, fact: { readonly refunded: bigint; readonly sentBack: bigint }, now: Date): OrderChange {
  const given = atLeast(order.refunded + order.sentBack, fact.refunded + fact.sentBack);
  const sentBack = atLeast(order.sentBack, fact.sentBack);
  const [gave, failed] = [given - order.refunded - order.sentBack, sentBack - order.sentBack];
  if (gave === 0n && failed === 0n) return nothing(order);
  const happenings: Happening[] = [];
  if (gave > 0n) happenings.push({ what: "refunded at the provider", amount: gave });
  if (failed > 0n) happenings.push({ what: "refund failed at the provider", amount: failed });
  return concluded(order, { ...order, refunded: given - sentBack, sentBack }, happenings, now);
}

/** Takes over what shipping tells. What has arrived stays arrived, whatever is told later. */
export function recordShipment(order: Order, shipment: Shipment, now: Date): OrderChange {
  const known = order.shipments.find(({ id }) => id === shipment.id);
  if (known !== undefined && RANK[known.status] >= RANK[shipment.status]) return nothing(order);
  // Only the first news of a shipment say who carries it.
  const { carrier, trackingNumber, trackingUrl } = shipment.carrier === "" && known !== undefined ? known : shipment;
  const merged = {
    ...shipment,
    carrier,
    trackingNumber,
    trackingUrl,
    items: shipment.items.length > 0 ? shipment.items : (known?.items ?? []),
  };
  const shipments = known === undefined ? [...order.shipments, merged] : order.shipments.map((each) => (each === known ? merged : each));
  const what = ({ shipped: "shipped", delivered: "delivered", failed: "shipment failed" } as const)[shipment.status];
  return concluded(order, { ...order, shipments }, [{ what, shipment: merged }], now);
}

/** What follows from the facts: paid and completed are told once, when they become true. */
export function concluded(
  before: Pick<Order, "paidAt" | "completedAt">,
  order: Order,
  happenings: readonly Happening[],
  now: Date,
): OrderChange {
  const paid = before.paidAt === null && order.canceledAt === null && isPaid(order);
  const completed = before.completedAt === null && orderStatus(order) === "completed";
  return {
    order: { ...order, paidAt: paid ? now : order.paidAt, completedAt: completed ? now : order.completedAt },
    happenings: [...happenings, ...(paid ? [{ what: "paid" } as const] : []), ...(completed ? [{ what: "completed" } as const] : [])],
  };
}

function nothing(order: Order): OrderChange {
  return { order, happenings: [] };
}

function atLeast(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
