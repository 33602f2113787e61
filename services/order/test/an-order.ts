import type { Order, OrderLine } from "../src/domain/order.ts";

export const NOW = new Date("2026-11-02T12:00:00Z");

export function aLine(change: Partial<OrderLine> = {}): OrderLine {
  const gross = change.gross ?? 1000n;
  return {
    ...{ id: "oln_1", sku: "MUG-1", productId: "prod_1", name: "Mug", quantity: 1n, warehouseId: "wh_1", weightGrams: 300 },
    ...{ unitPrice: gross, subtotal: gross, net: gross, tax: 0n, gross, taxRate: { name: "", rate: "0", taxClass: "standard" } },
    ...change,
  };
}

/** Placed, and nothing more, unless said otherwise; its total is the sum of its parts. */
export function anOrder(change: Partial<Order> = {}): Order {
  const lines = change.lines ?? [aLine()];
  const shipping = change.shipping ?? 490n;
  const total = lines.reduce((sum, { gross }) => sum + gross, shipping);
  const address = {
    name: "Ada",
    company: "",
    line1: "Way 1",
    line2: "",
    city: "Berlin",
    region: "",
    postalCode: "10115",
    country: "DE",
    phone: "",
  };
  return {
    ...{
      id: "ord_1",
      tenantId: "default",
      number: "7K3M9-Q2XPA",
      customerId: "",
      userId: "",
      email: "ada@example.com",
      locale: "",
      currency: "EUR",
    },
    ...{ subtotal: total - shipping, shipping, shippingTax: 0n, tax: 0n, total, taxes: [], taxInclusive: true, shippingAddress: address },
    shippingOption: { code: "standard", name: "Standard", price: String(shipping), carrier: "manual", minDays: 1, maxDays: 3 },
    ...{
      paymentProvider: "stripe",
      authorized: total,
      captured: 0n,
      refunded: 0n,
      sentBack: 0n,
      voided: false,
      cancelReason: "",
      version: 1,
    },
    ...{ placedAt: NOW, updatedAt: NOW, paidAt: null, canceledAt: null, completedAt: null, lines, refunds: [], shipments: [] },
    ...change,
  };
}

export const paid = (change: Partial<Order> = {}): Order => {
  const order = anOrder(change);
  return { ...order, captured: order.total, paidAt: NOW };
};
