import type { Cart, CartItem, CartStatus } from "../domain/cart.ts";
import type { Address, ShippingChoice } from "../domain/delivery.ts";

/** A row of `carts`, as `select *` answers it. */
export interface CartRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly status: CartStatus;
  readonly currency: string;
  readonly locale: string;
  readonly email: string;
  readonly user_id: string;
  readonly customer_id: string;
  readonly shipping_address: Address | null;
  readonly shipping_option: ShippingChoice | null;
  readonly line_count: number;
  readonly order_id: string;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly expires_at: Date;
}

/** A line in JSON, as `ITEMS_JSON` answers it. */
export interface ItemJson {
  readonly id: string;
  readonly sku: string;
  readonly warehouse_id: string;
  readonly quantity: number;
  readonly added_at: string;
}

/** All lines of the cart `c`, in one column. */
export const ITEMS_JSON = `coalesce((select json_agg(json_build_object('id', i.id, 'sku', i.sku, 'warehouse_id', i.warehouse_id, 'quantity', i.quantity,
  'added_at', i.added_at) order by i.added_at, i.id) from cart_items i where i.cart_id = c.id), '[]')`;

export function toCart(row: CartRow): Cart {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    status: row.status,
    currency: row.currency,
    locale: row.locale,
    email: row.email,
    userId: row.user_id,
    customerId: row.customer_id,
    shippingAddress: row.shipping_address,
    shippingOption: row.shipping_option,
    lineCount: row.line_count,
    orderId: row.order_id,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    expiresAt: row.expires_at,
  };
}

export function toItem({ id, sku, warehouse_id: warehouseId, quantity, added_at: addedAt }: ItemJson): CartItem {
  return { id, sku, warehouseId, quantity: BigInt(quantity), addedAt: new Date(addedAt) };
}
