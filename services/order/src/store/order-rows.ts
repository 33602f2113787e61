import type { Address, ShippingChoice } from "../domain/delivery.ts";
import type { DraftTax, TaxRate } from "../domain/draft.ts";
import type { Order, RefundStatus, ShipmentStatus } from "../domain/order.ts";
import type { Statuses } from "../domain/order-status.ts";
import type { OrderSummary } from "../domain/order-store.ts";

/** A row of `orders`, as `select *` answers it. Amounts are text, for JavaScript's numbers would lose digits. */
export interface OrderRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly number: string;
  readonly customer_id: string;
  readonly user_id: string;
  readonly email: string;
  readonly locale: string;
  readonly currency: string;
  readonly subtotal: string;
  readonly shipping: string;
  readonly shipping_tax: string;
  readonly tax: string;
  readonly total: string;
  readonly taxes: DraftTax[];
  readonly tax_inclusive: boolean;
  readonly shipping_address: Address;
  readonly shipping_option: ShippingChoice;
  readonly payment_provider: string;
  readonly authorized: string;
  readonly captured: string;
  readonly refunded: string;
  readonly sent_back: string | null;
  readonly voided: boolean;
  readonly cancel_reason: string;
  readonly status: Statuses["status"];
  readonly payment_status: Statuses["paymentStatus"];
  readonly fulfillment_status: Statuses["fulfillmentStatus"];
  readonly return_status: Statuses["returnStatus"];
  readonly version: number;
  readonly placed_at: Date;
  readonly updated_at: Date;
  readonly paid_at: Date | null;
  readonly canceled_at: Date | null;
  readonly completed_at: Date | null;
}

interface PartsJson {
  readonly lines: {
    readonly id: string;
    readonly sku: string;
    readonly product_id: string;
    readonly name: string;
    readonly quantity: string;
    readonly warehouse_id: string;
    readonly unit_price: string;
    readonly subtotal: string;
    readonly net: string;
    readonly tax: string;
    readonly gross: string;
    readonly tax_rate: TaxRate;
    readonly weight_grams: number;
  }[];
  readonly refunds: {
    readonly id: string;
    readonly status: RefundStatus;
    readonly amount: string;
    readonly tax: string;
    readonly shipping: string;
    readonly lines: { lineId: string; quantity: string; amount: string; returned: boolean }[];
    readonly reason: string;
    readonly failure: string;
    readonly key: string;
    readonly fingerprint: string;
    readonly created_at: string;
  }[];
  readonly shipments: {
    readonly id: string;
    readonly status: ShipmentStatus;
    readonly items: { lineId: string; quantity: string }[];
    readonly carrier: string;
    readonly tracking_number: string;
    readonly tracking_url: string;
    readonly reason: string;
    readonly updated_at: string;
  }[];
}

export type FullOrderRow = OrderRow & PartsJson;

/** The order `o` with its lines, refunds and shipments, in one row. */
export const FULL_ORDER = `o.*,
  coalesce((select json_agg(json_build_object('id', l.id, 'sku', l.sku, 'product_id', l.product_id, 'name', l.name, 'quantity', l.quantity::text,
    'warehouse_id', l.warehouse_id, 'unit_price', l.unit_price::text, 'subtotal', l.subtotal::text, 'net', l.net::text, 'tax', l.tax::text,
    'gross', l.gross::text, 'tax_rate', l.tax_rate, 'weight_grams', l.weight_grams) order by l.position)
    from order_lines l where l.order_id = o.id), '[]') as lines,
  coalesce((select json_agg(json_build_object('id', r.id, 'status', r.status, 'amount', r.amount::text, 'tax', r.tax::text,
    'shipping', r.shipping::text, 'lines', r.lines, 'reason', r.reason, 'failure', r.failure, 'key', r.key, 'fingerprint', r.fingerprint,
    'created_at', r.created_at) order by r.created_at, r.id) from refunds r where r.order_id = o.id), '[]') as refunds,
  coalesce((select json_agg(json_build_object('id', s.id, 'status', s.status, 'items', s.items, 'carrier', s.carrier,
    'tracking_number', s.tracking_number, 'tracking_url', s.tracking_url, 'reason', s.reason, 'updated_at', s.updated_at) order by s.id)
    from shipments s where s.order_id = o.id), '[]') as shipments`;

export function toOrder(row: FullOrderRow): Order {
  const { status: _s, paymentStatus: _p, fulfillmentStatus: _f, returnStatus: _r, ...facts } = toSummary(row);
  return {
    ...facts,
    lines: row.lines.map((line) => ({
      id: line.id,
      sku: line.sku,
      productId: line.product_id,
      name: line.name,
      quantity: BigInt(line.quantity),
      warehouseId: line.warehouse_id,
      unitPrice: BigInt(line.unit_price),
      subtotal: BigInt(line.subtotal),
      net: BigInt(line.net),
      tax: BigInt(line.tax),
      gross: BigInt(line.gross),
      taxRate: line.tax_rate,
      weightGrams: line.weight_grams,
    })),
    refunds: row.refunds.map((refund) => ({
      ...refund,
      amount: BigInt(refund.amount),
      tax: BigInt(refund.tax),
      shipping: BigInt(refund.shipping),
      lines: refund.lines.map((part) => ({ ...part, quantity: BigInt(part.quantity), amount: BigInt(part.amount) })),
      createdAt: new Date(refund.created_at),
    })),
    shipments: row.shipments.map((shipment) => ({
      id: shipment.id,
      status: shipment.status,
      items: shipment.items.map(({ lineId, quantity }) => ({ lineId, quantity: BigInt(quantity) })),
      carrier: shipment.carrier,
      trackingNumber: shipment.tracking_number,
      trackingUrl: shipment.tracking_url,
      reason: shipment.reason,
      updatedAt: new Date(shipment.updated_at),
    })),
  };
}

export function toSummary(row: OrderRow): OrderSummary {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    number: row.number,
    customerId: row.customer_id,
    userId: row.user_id,
    email: row.email,
    locale: row.locale,
    currency: row.currency,
    subtotal: BigInt(row.subtotal),
    shipping: BigInt(row.shipping),
    shippingTax: BigInt(row.shipping_tax),
    tax: BigInt(row.tax),
    total: BigInt(row.total),
    taxes: row.taxes,
    taxInclusive: row.tax_inclusive,
    shippingAddress: row.shipping_address,
    shippingOption: row.shipping_option,
    paymentProvider: row.payment_provider,
    authorized: BigInt(row.authorized),
    captured: BigInt(row.captured),
    refunded: BigInt(row.refunded),
    sentBack: BigInt(row.sent_back ?? 0),
    voided: row.voided,
    cancelReason: row.cancel_reason,
    status: row.status,
    paymentStatus: row.payment_status,
    fulfillmentStatus: row.fulfillment_status,
    returnStatus: row.return_status,
    version: row.version,
    placedAt: row.placed_at,
    updatedAt: row.updated_at,
    paidAt: row.paid_at,
    canceledAt: row.canceled_at,
    completedAt: row.completed_at,
  };
}
