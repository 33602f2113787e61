import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Client } from "@plinth/kernel/client";
import {
  type GetPricesRequestSchema,
  NotSellableReason,
  type Price,
  type PricingService,
  type Totals,
} from "@plinth/proto/pricing/v1/pricing_pb";
import type { ShippingOption, ShippingService } from "@plinth/proto/shipping/v1/shipping_pb";
import type { Cart, CartItem, FullCart } from "../domain/cart.ts";
import type { RefusedChoice, ShippingChoice } from "../domain/delivery.ts";

/** What a cart costs now. */
export interface PricedCart {
  /** One for each line, in their order. */
  readonly prices: readonly Price[];
  /** Undefined for an empty cart. */
  readonly totals: Totals | undefined;
  /** The chosen option at its price of now; undefined where none was chosen, or it cannot be had any more. */
  readonly option: ShippingChoice | undefined;
  /** Why it cannot be had any more. */
  readonly optionProblem: string | undefined;
}

export interface CartPrices {
  /**
   * One call for all lines and one for shipping. Only where shipping costs something else than when it was chosen is the cart priced again, for tax
   * hangs on it.
   */
  of(cart: FullCart, options?: { readonly explain?: boolean }): Promise<PricedCart>;
  /** One line, as it would cost in this cart. */
  ofLine(cart: Cart, line: Pick<CartItem, "sku" | "warehouseId" | "quantity">): Promise<Price | undefined>;
  shippingOptions(cart: FullCart): Promise<{ options: ShippingChoice[]; refused: readonly RefusedChoice[] }>;
}

const WHY: Record<NotSellableReason, string> = {
  [NotSellableReason.UNSPECIFIED]: "",
  [NotSellableReason.NO_PRICE]: "no_price",
  [NotSellableReason.UNKNOWN_SKU]: "unknown_sku",
  [NotSellableReason.NOT_PUBLISHED]: "not_published",
};

export function cartPrices(pricing: Client<typeof PricingService>, shipping: Client<typeof ShippingService>): CartPrices {
  async function price(
    cart: Cart,
    items: readonly Pick<CartItem, "sku" | "warehouseId" | "quantity">[],
    shippingPrice: string | undefined,
    explain = false,
  ) {
    const request: MessageInitShape<typeof GetPricesRequestSchema> = {
      items: items.map(({ sku, quantity, warehouseId }) => ({ sku, quantity, warehouseId })),
      currency: cart.currency,
      customerId: cart.customerId,
      country: cart.shippingAddress?.country ?? "",
      explain,
    };
    if (shippingPrice !== undefined) request.shipping = { amount: BigInt(shippingPrice), currency: cart.currency };
    return pricing.getPrices(request);
  }

  async function quote(cart: FullCart, prices: readonly Price[], totals: Totals | undefined, optionCode: string) {
    const { country, postalCode } = cart.shippingAddress ?? { country: "", postalCode: "" };
    const weightGrams = prices.reduce((sum, { weightGrams: each, quantity }) => sum + BigInt(each) * quantity, 0n);
    const warehouseIds = [...new Set(prices.map(({ warehouseId }) => warehouseId))];
    return shipping.quoteOptions({
      country,
      postalCode,
      currency: cart.currency,
      subtotal: { amount: totals?.subtotal?.amount ?? 0n, currency: cart.currency },
      weightGrams,
      warehouseIds,
      optionCode,
    });
  }

  return {
    async of(cart, { explain } = {}) {
      const { shippingOption: chosen, shippingAddress, items } = cart;
      if (items.length === 0) return { prices: [], totals: undefined, option: chosen ?? undefined, optionProblem: undefined };
      const { prices, totals } = await price(cart, items, chosen?.price, explain);
      if (chosen === null || shippingAddress === null) return { prices, totals, option: undefined, optionProblem: undefined };
      const { options, refused } = await quote(cart, prices, totals, chosen.code);
      const [offered] = options.map(choiceOf);
      if (offered?.price === chosen.price) return { prices, totals, option: offered, optionProblem: undefined };
      const again = await price(cart, items, offered?.price, explain);
      const optionProblem = offered === undefined ? (refused[0]?.reason ?? "It is not offered there.") : undefined;
      return { prices: again.prices, totals: again.totals, option: offered, optionProblem };
    },

    async ofLine(cart, line) {
      const { prices } = await price(cart, [line], undefined);
      return prices[0];
    },

    async shippingOptions(cart) {
      const { prices, totals } = await price(cart, cart.items, undefined);
      const { options, refused } = await quote(cart, prices, totals, "");
      return { options: options.map(choiceOf), refused };
    },
  };
}

/** Why a line cannot be sold, in a word; undefined where it can. */
export function whyNotSellable({ sellable, reason }: Price): string | undefined {
  return sellable ? undefined : WHY[reason];
}

function choiceOf({ code, name, price, carrier, minDays, maxDays }: ShippingOption): ShippingChoice {
  return { code, name, price: String(price?.amount ?? 0n), carrier, minDays, maxDays };
}
