import { folded, type Happening, type Order, type Refund, type Shipment } from "../domain/order.ts";
import { statusesOf } from "../domain/order-status.ts";

// Rows as they are written: in JSON, so that one statement takes any number of them.

/** A row of `orders` in JSON. The statuses are worked out here, and nowhere else. */
export function orderJson(order: Order): object {
  const statuses = statusesOf(order);
  return {
    id: order.id,
    tenant_id: order.tenantId,
    number: order.number,
    customer_id: order.customerId,
    user_id: order.userId,
    email: order.email,
    email_folded: folded(order.email),
    locale: order.locale,
    currency: order.currency,
    subtotal: order.subtotal,
    shipping: order.shipping,
    shipping_tax: order.shippingTax,
    tax: order.tax,
    total: order.total,
    taxes: order.taxes,
    tax_inclusive: order.taxInclusive,
    shipping_address: order.shippingAddress,
    shipping_option: order.shippingOption,
    payment_provider: order.paymentProvider,
    authorized: order.authorized,
    captured: order.captured,
    refunded: order.refunded,
    sent_back: order.sentBack,
    voided: order.voided,
    cancel_reason: order.cancelReason,
    status: statuses.status,
    payment_status: statuses.paymentStatus,
    fulfillment_status: statuses.fulfillmentStatus,
    return_status: statuses.returnStatus,
    version: order.version,
    placed_at: order.placedAt,
    updated_at: order.updatedAt,
    paid_at: order.paidAt,
    canceled_at: order.canceledAt,
    completed_at: order.completedAt,
  };
}

export function lineJson({ id: orderId, tenantId, lines }: Order): object[] {
  return lines.map((line, position) => ({
    order_id: orderId,
    tenant_id: tenantId,
    id: line.id,
    position,
    sku: line.sku,
    product_id: line.productId,
    name: line.name,
    quantity: line.quantity,
    warehouse_id: line.warehouseId,
    unit_price: line.unitPrice,
    subtotal: line.subtotal,
    net: line.net,
    tax: line.tax,
    gross: line.gross,
    tax_rate: line.taxRate,
    weight_grams: line.weightGrams,
  }));
}

export function refundJson({ createdAt, ...refund }: Refund, { id, tenantId }: Order): object {
  return { ...refund, order_id: id, tenant_id: tenantId, created_at: createdAt };
}

export function shipmentJson({ trackingNumber, trackingUrl, updatedAt, ...shipment }: Shipment, { id, tenantId }: Order): object {
  const renamed = { tracking_number: trackingNumber, tracking_url: trackingUrl, updated_at: updatedAt };
  return { ...shipment, ...renamed, order_id: id, tenant_id: tenantId };
}

/** A line of the history: texts, for it is shown and never calculated with. */
export function historyJson(happening: Happening, actorId: string, at: Date): object {
  return { what: happening.what, detail: detailOf(happening), actor_id: actorId, at };
}

function detailOf(happening: Happening): Record<string, string> {
  if ("amount" in happening) return { amount: String(happening.amount) };
  if ("refund" in happening) {
    const { id, amount, reason, failure } = happening.refund;
    return { refund_id: id, amount: String(amount), ...(reason ? { reason } : {}), ...(failure ? { failure } : {}) };
  }
  if ("shipment" in happening) {
    const { id, carrier, trackingNumber, reason } = happening.shipment;
    return { shipment_id: id, carrier, tracking_number: trackingNumber, ...(reason ? { reason } : {}) };
  }
  if ("reason" in happening) return { reason: happening.reason };
  return "code" in happening ? { code: happening.code } : {};
}

/** JSON with amounts as text, which Postgres reads as numbers without losing digits. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? String(each) : each));
}
