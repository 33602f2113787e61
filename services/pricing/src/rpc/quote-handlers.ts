import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Handlers } from "@plinth/kernel/rpc";
import type { PricingService } from "@plinth/proto/pricing/v1/pricing_pb";
import { DEFAULT_CHANNEL } from "../domain/channel.ts";
import type { PriceBook } from "../domain/price-book.ts";
import type { PriceItem } from "../domain/quote.ts";
import { priceMessage, totalsMessage } from "../messages/quote-message.ts";

type QuoteHandlers = Pick<Handlers<typeof PricingService>, "getPrices" | "getPrice">;

export function quoteHandlers(book: PriceBook): QuoteHandlers {
  return {
    async getPrices({ items, currency, country, at, channel, shipping, explain }) {
      const { lines, totals } = await book.quote({
        items: items.map(itemOf),
        currency,
        country,
        at: at ? timestampDate(at) : undefined,
        channel: channel || DEFAULT_CHANNEL,
        shipping,
        explain,
      });
      return { prices: lines.map((line) => priceMessage(line, totals.taxInclusive)), totals: totalsMessage(totals) };
    },

    async getPrice({ currency, country, at, channel, ...item }) {
      const { line, quote } = await book.priceOf({
        item: itemOf(item),
        currency,
        country,
        at: at ? timestampDate(at) : undefined,
        channel: channel || DEFAULT_CHANNEL,
        shipping: undefined,
        explain: true,
      });
      return priceMessage(line, quote.totals.taxInclusive);
    },
  };
}

function itemOf({ sku, productId, quantity, warehouseId }: PriceItem): PriceItem {
  return { sku, productId, quantity: quantity === 0n ? 1n : quantity, warehouseId };
}
