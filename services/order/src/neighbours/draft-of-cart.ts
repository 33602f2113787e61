import { newId } from "@plinth/kernel/base";
import type { Money } from "@plinth/proto/money/v1/money_pb";
import type { Price, TaxRate as TaxRateMessage } from "@plinth/proto/pricing/v1/pricing_pb";
import { checkComplete, type FullCart } from "../domain/cart.ts";
import { optionUnavailable } from "../domain/delivery.ts";
import { type DraftLine, notSellable, type OrderDraft, type TaxRate } from "../domain/draft.ts";
import { type PricedCart, whyNotSellable } from "./cart-prices.ts";

/**
 * The order that a cart is, at these prices. Throws CONFLICT, reasons CART_INCOMPLETE, SKU_NOT_SELLABLE, SHIPPING_OPTION_UNAVAILABLE.
 */
export function draftOf(orderId: string, cart: FullCart, { prices, totals, option, optionProblem }: PricedCart): OrderDraft {
  const { shippingAddress } = cart;
  for (const [index, { sku }] of cart.items.entries()) {
    const price = prices[index];
    const why = price === undefined ? "no_price" : whyNotSellable(price);
    if (why !== undefined) throw notSellable(sku, why);
  }
  if (optionProblem !== undefined) throw optionUnavailable(cart.shippingOption?.code ?? "", optionProblem);
  if (shippingAddress === null || option === undefined || totals === undefined) {
    checkComplete(cart);
    throw new Error(`The cart ${cart.id} is complete and has no totals.`);
  }
  const { customerId, userId, email, locale, currency, id: cartId } = cart;
  return {
    ...{ orderId, cartId, customerId, userId, email, locale, currency, shippingAddress, shippingOption: option },
    lines: prices.map((price, index) => lineOf(price, cart.items[index]?.warehouseId ?? "")),
    subtotal: minor(totals.subtotal),
    shipping: minor(totals.shipping),
    shippingTax: minor(totals.shippingTax),
    tax: minor(totals.tax),
    total: minor(totals.gross),
    taxes: totals.taxes.map(({ rate, net, tax }) => ({ rate: rateOf(rate), net: minor(net), tax: minor(tax) })),
    taxInclusive: totals.taxInclusive,
  };
}

function lineOf(price: Price, warehouseId: string): DraftLine {
  const { sku, productId, name, quantity, weightGrams } = price;
  return {
    ...{ id: newId("oln"), sku, productId, name, quantity: Number(quantity), weightGrams },
    // The one whose prices hold, where the cart named none.
    warehouseId: warehouseId || price.warehouseId,
    unitPrice: minor(price.unitPrice),
    subtotal: minor(price.subtotal),
    net: minor(price.net),
    tax: minor(price.tax),
    gross: minor(price.gross),
    taxRate: rateOf(price.taxRate),
  };
}

function rateOf(rate: TaxRateMessage | undefined): TaxRate {
  const { name = "", rate: exact = "0", taxClass = "" } = rate ?? {};
  return { name, rate: exact, taxClass };
}

function minor(money: Money | undefined): string {
  return String(money?.amount ?? 0n);
}
