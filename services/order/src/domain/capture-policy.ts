import type { Order } from "./order.ts";

/** When what is held is charged. */
export interface CapturePolicy {
  readonly when: "immediately" | "on-shipment";
  /** Providers whose payments somebody captures by hand: the money comes by another way. */
  readonly byHand: readonly string[];
}

export function capturesAtOnce({ when, byHand }: CapturePolicy, provider: string): boolean {
  return when === "immediately" && !byHand.includes(provider);
}

/** Whether the payment of an order of which something was shipped is to be charged now. */
export function capturesOnShipment(
  { when, byHand }: CapturePolicy,
  order: Pick<Order, "paymentProvider" | "captured" | "authorized">,
): boolean {
  return when === "on-shipment" && !byHand.includes(order.paymentProvider) && order.captured < order.authorized;
}
