import { conflict, type Money, type PlinthError } from "@plinth/kernel/base";
import type { Address, ShippingChoice } from "./delivery.ts";

/** An order before it is placed: a cart with the prices of its checkout. JSON, for a saga keeps it: amounts are minor units as decimal strings. */
export interface OrderDraft {
  readonly orderId: string;
  readonly cartId: string;
  readonly customerId: string;
  readonly userId: string;
  readonly email: string;
  readonly locale: string;
  readonly currency: string;
  readonly shippingAddress: Address;
  readonly shippingOption: ShippingChoice;
  readonly lines: readonly DraftLine[];
  readonly subtotal: string;
  /** With its tax. */
  readonly shipping: string;
  readonly shippingTax: string;
  readonly tax: string;
  readonly total: string;
  readonly taxes: readonly DraftTax[];
  readonly taxInclusive: boolean;
}

export interface DraftLine {
  readonly id: string;
  readonly sku: string;
  readonly productId: string;
  readonly name: string;
  readonly quantity: number;
  /** Empty: the tenant's default warehouse, until the stock is reserved. */
  readonly warehouseId: string;
  readonly unitPrice: string;
  readonly subtotal: string;
  readonly net: string;
  readonly tax: string;
  readonly gross: string;
  readonly taxRate: TaxRate;
  readonly weightGrams: number;
}

export interface TaxRate {
  readonly name: string;
  /** Exact decimal. */
  readonly rate: string;
  readonly taxClass: string;
}

export interface DraftTax {
  readonly rate: TaxRate;
  readonly net: string;
  readonly tax: string;
}

/** The price-change policy: what is paid is what the buyer saw. Throws CONFLICT, reason PRICE_CHANGED. */
export function checkExpectedTotal(expected: Money | undefined, draft: Pick<OrderDraft, "total" | "currency">): void {
  if (expected === undefined) return;
  if (expected.currency === draft.currency && expected.amount === BigInt(draft.total)) return;
  throw conflict(
    `The total was expected to be ${expected.amount} ${expected.currency} and is ${draft.total} ${draft.currency} now, in minor units. Show the cart again.`,
    {
      reason: "PRICE_CHANGED",
      metadata: {
        expected_total: String(expected.amount),
        expected_currency: expected.currency,
        total: draft.total,
        currency: draft.currency,
      },
    },
  );
}

export function notSellable(sku: string, why: string): PlinthError {
  return conflict(`${sku} cannot be sold: ${why.replaceAll("_", " ")}. Take it out of the cart.`, {
    reason: "SKU_NOT_SELLABLE",
    metadata: { sku, why },
  });
}

/** A line's stock. */
export interface HeldLine {
  readonly sku: string;
  readonly warehouseId: string;
}

/** The lines with the warehouses in which their stock was reserved: a line that named none has the tenant's default. */
export function inWarehouses(lines: readonly DraftLine[], held: readonly HeldLine[]): DraftLine[] {
  return lines.map((line) => {
    if (line.warehouseId !== "") return line;
    const named = lines.filter(({ sku, warehouseId }) => sku === line.sku && warehouseId !== "").map(({ warehouseId }) => warehouseId);
    const ofSku = held.filter(({ sku }) => sku === line.sku);
    const found = ofSku.find(({ warehouseId }) => !named.includes(warehouseId)) ?? ofSku[0];
    return { ...line, warehouseId: found?.warehouseId ?? "" };
  });
}
