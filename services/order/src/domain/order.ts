import { conflict, notFound, type PlinthError } from "@plinth/kernel/base";
import type { Address, ShippingChoice } from "./delivery.ts";
import type { DraftTax, TaxRate } from "./draft.ts";

/** An order: what was bought, and the facts that its statuses are derived from. Amounts are minor units of its one currency. */
export interface Order {
  readonly id: string;
  readonly tenantId: string;
  /** For people. */
  readonly number: string;
  /** Empty: a guest's. */
  readonly customerId: string;
  readonly userId: string;
  readonly email: string;
  readonly locale: string;
  readonly currency: string;
  readonly subtotal: bigint;
  /** With its tax. */
  readonly shipping: bigint;
  readonly shippingTax: bigint;
  readonly tax: bigint;
  readonly total: bigint;
  readonly taxes: readonly DraftTax[];
  readonly taxInclusive: boolean;
  readonly shippingAddress: Address;
  readonly shippingOption: ShippingChoice;
  readonly paymentProvider: string;
  /** What the payment says: held and charged together, charged, given back, and given back once but sent back by the bank. */
  readonly authorized: bigint;
  readonly captured: bigint;
  readonly refunded: bigint;
  readonly sentBack: bigint;
  readonly voided: boolean;
  readonly cancelReason: string;
  readonly version: number;
  readonly placedAt: Date;
  readonly updatedAt: Date;
  readonly paidAt: Date | null;
  readonly canceledAt: Date | null;
  readonly completedAt: Date | null;
  readonly lines: readonly OrderLine[];
  /** Oldest first. */
  readonly refunds: readonly Refund[];
  readonly shipments: readonly Shipment[];
}

export interface OrderLine {
  readonly id: string;
  readonly sku: string;
  readonly productId: string;
  readonly name: string;
  readonly quantity: bigint;
  readonly warehouseId: string;
  readonly unitPrice: bigint;
  readonly subtotal: bigint;
  readonly net: bigint;
  readonly tax: bigint;
  readonly gross: bigint;
  readonly taxRate: TaxRate;
  readonly weightGrams: number;
}

export type ShipmentStatus = "shipped" | "delivered" | "failed";

/** A shipment on its way, as shipping tells of it. */
export interface Shipment {
  readonly id: string;
  readonly status: ShipmentStatus;
  readonly items: readonly { readonly lineId: string; readonly quantity: bigint }[];
  readonly carrier: string;
  readonly trackingNumber: string;
  readonly trackingUrl: string;
  /** Why it failed. */
  readonly reason: string;
  readonly updatedAt: Date;
}

/**
 * `failed`: the provider refused, and nothing went back. `sent-back`: it took it, and the bank sent the money back; goods that came with it are here
 * nonetheless.
 */
export type RefundStatus = "pending" | "done" | "failed" | "sent-back";

export interface Refund {
  readonly id: string;
  readonly status: RefundStatus;
  readonly amount: bigint;
  readonly tax: bigint;
  /** How much of it is for shipping. */
  readonly shipping: bigint;
  readonly lines: readonly RefundPart[];
  readonly reason: string;
  readonly failure: string;
  /** The Idempotency-Key that it was asked for with, and what was asked; empty where there was none. */
  readonly key: string;
  readonly fingerprint: string;
  readonly createdAt: Date;
}

export interface RefundPart {
  readonly lineId: string;
  /** 0: money alone. */
  readonly quantity: bigint;
  readonly amount: bigint;
  /** The goods came back. */
  readonly returned: boolean;
}

/** What happened: a line of the history, and for some of them an event. */
export type Happening =
  | { readonly what: "placed" | "authorized" | "paid" | "completed" | "voided" }
  | { readonly what: "captured" | "refunded at the provider" | "refund failed at the provider"; readonly amount: bigint }
  | { readonly what: "canceled"; readonly reason: string }
  | { readonly what: "refund asked" | "refunded" | "refund refused"; readonly refund: Refund }
  /** `wasTold`: others have heard that the money went back. */
  | { readonly what: "refund failed"; readonly refund: Refund; readonly wasTold: boolean }
  | { readonly what: "shipped" | "delivered" | "shipment failed"; readonly shipment: Shipment }
  | { readonly what: "payment failed"; readonly code: string };

/** An order as it is after a change, and what the change was. No happenings: nothing is written. */
export interface OrderChange {
  readonly order: Order;
  readonly happenings: readonly Happening[];
}

export function orderNotFound(id: string): PlinthError {
  return notFound(`There is no order ${id}.`, { reason: "ORDER_NOT_FOUND", metadata: { order_id: id } });
}

/** Somebody may see and cancel an order: its user, or whoever knows its id and email, if it is a guest's. */
export function isOwn(order: Pick<Order, "userId" | "email">, userId: string | undefined, email: string): boolean {
  if (order.userId !== "") return order.userId === userId;
  return email !== "" && folded(email) === folded(order.email);
}

/** As email addresses are compared. */
export function folded(email: string): string {
  return email.trim().toLowerCase();
}

export function tooMuch(available: bigint, wanted: bigint): PlinthError {
  return conflict(`${wanted} cannot be given back: ${available} are left.`, {
    reason: "AMOUNT_TOO_LARGE",
    metadata: { available: String(available) },
  });
}
