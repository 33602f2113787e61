import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { CartItemSchema, CartSchema, ChosenOptionSchema } from "@plinth/proto/order/v1/cart_pb";
import type { Price } from "@plinth/proto/pricing/v1/pricing_pb";
import { type Cart, type CartItem, type FullCart, missingIn } from "../domain/cart.ts";
import type { ShippingChoice } from "../domain/delivery.ts";
import type { PricedCart } from "../neighbours/cart-prices.ts";
import { CART_STATUS } from "./enums.ts";

/** Without its lines. */
export function cartMessage(cart: Cart) {
  const { id, status, currency, locale, email, userId, customerId, shippingAddress, shippingOption, lineCount, version } = cart;
  return {
    ...{ id, currency, locale, email, userId, customerId, lineCount, version, status: CART_STATUS[status] },
    ...(shippingAddress === null ? {} : { shippingAddress }),
    ...(shippingOption === null ? {} : { shippingOption: optionMessage(shippingOption, currency) }),
    orderId: status === "merged" ? "" : cart.orderId,
    createdAt: timestampFromDate(cart.createdAt),
    updatedAt: timestampFromDate(cart.updatedAt),
    expiresAt: timestampFromDate(cart.expiresAt),
  } satisfies MessageInitShape<typeof CartSchema>;
}

/** With its lines and what they cost. */
export function pricedCartMessage(
  cart: FullCart,
  { prices, totals, option, optionProblem }: PricedCart,
): MessageInitShape<typeof CartSchema> {
  const chosen = option ?? (optionProblem === undefined ? cart.shippingOption : null);
  const missing = [...missingIn({ ...cart, shippingOption: chosen }), ...(prices.some(({ sellable }) => !sellable) ? ["sellable"] : [])];
  return {
    ...cartMessage({ ...cart, shippingOption: chosen }),
    items: cart.items.map((item, index) => itemMessage(item, prices[index])),
    ...(totals === undefined ? {} : { totals }),
    missing,
  };
}

export function itemMessage(item: CartItem, price: Price | undefined): MessageInitShape<typeof CartItemSchema> {
  const { id, sku, warehouseId, quantity, addedAt } = item;
  return { id, sku, warehouseId, quantity, addedAt: timestampFromDate(addedAt), ...(price === undefined ? {} : { price }) };
}

export function optionMessage({ price, ...same }: ShippingChoice, currency: string): MessageInitShape<typeof ChosenOptionSchema> {
  return { ...same, price: { amount: BigInt(price), currency } };
}
