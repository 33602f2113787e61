import { randomInt } from "node:crypto";
import type { OrderDraft } from "./draft.ts";
import type { Order, OrderChange } from "./order.ts";
import { concluded } from "./order-facts.ts";

/** Crockford's base32, without letters that are read wrong or spell words. */
const DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const NUMBER_LENGTH = 10;

/**
 * A number for people, such as `7K3M9-Q2XPA`. By chance, not counted: a counter would tell everybody how much is sold, and make all checkouts wait for
 * each other. Of 2^50 numbers two are hardly ever the same; if they are, the step that places the order takes another one.
 */
export function newOrderNumber(): string {
  const digits = Array.from({ length: NUMBER_LENGTH }, () => DIGITS[randomInt(DIGITS.length)]).join("");
  return `${digits.slice(0, NUMBER_LENGTH / 2)}-${digits.slice(NUMBER_LENGTH / 2)}`;
}

/** The order that a checkout makes. One that costs nothing is paid as it is placed. */
export function placeOrder(
  draft: OrderDraft,
  payment: { readonly provider: string; readonly authorized: bigint },
  made: { readonly tenantId: string; readonly number: string; readonly now: Date },
): OrderChange {
  const { orderId, cartId: _, lines, subtotal, shipping, shippingTax, tax, total, ...same } = draft;
  const { tenantId, number, now } = made;
  const order: Order = {
    ...same,
    id: orderId,
    tenantId,
    number,
    subtotal: BigInt(subtotal),
    shipping: BigInt(shipping),
    shippingTax: BigInt(shippingTax),
    tax: BigInt(tax),
    total: BigInt(total),
    paymentProvider: payment.provider,
    authorized: payment.authorized,
    captured: 0n,
    refunded: 0n,
    sentBack: 0n,
    voided: false,
    cancelReason: "",
    version: 1,
    placedAt: now,
    updatedAt: now,
    paidAt: null,
    canceledAt: null,
    completedAt: null,
    lines: lines.map((line) => ({
      ...line,
      quantity: BigInt(line.quantity),
      unitPrice: BigInt(line.unitPrice),
      subtotal: BigInt(line.subtotal),
      net: BigInt(line.net),
      tax: BigInt(line.tax),
      gross: BigInt(line.gross),
    })),
    refunds: [],
    shipments: [],
  };
  const authorized = payment.authorized > 0n ? [{ what: "authorized" } as const] : [];
  return concluded(order, order, [{ what: "placed" }, ...authorized], now);
}
