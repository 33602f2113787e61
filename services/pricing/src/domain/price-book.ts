import { notFound, type PlinthError, validation } from "@plinth/kernel/base";
import { channelNotFound, checkCurrency } from "./channel.ts";
import { makeQuote } from "./make-quote.ts";
import type { PriceStore } from "./price-store.ts";
import type { ProductNames, ProductSource } from "./product.ts";
import type { PricedLine, PriceFacts, PriceItem, PriceQuestion, Quote } from "./quote.ts";

export interface PriceBook {
  /** Each item is answered for itself. Throws VALIDATION_ERROR; NOT_FOUND, reason CHANNEL_NOT_FOUND. */
  quote(question: PriceQuestion): Promise<Quote>;
  /** One item. Throws as `quote`, and NOT_FOUND, reasons PRODUCT_NOT_FOUND and SKU_NOT_FOUND. */
  priceOf(question: Omit<PriceQuestion, "items"> & { readonly item: PriceItem }): Promise<{ line: PricedLine; quote: Quote }>;
}

export function createPriceBook(prices: PriceStore, products: ProductSource): PriceBook {
  async function getFacts(question: PriceQuestion): Promise<PriceFacts> {
    const facts = await prices.findFacts(question);
    if (!facts) throw channelNotFound(question.channel);
    return facts;
  }

  async function quote(question: PriceQuestion): Promise<Quote> {
    const { currency, shipping, explain } = question;
    if (currency !== "") checkCurrency(currency);
    let facts = await getFacts(question);
    checkShipping(shipping, facts.currency);
    // What was made or published this moment may be here before its event is.
    if (await products.learn(unsellable(facts))) facts = await getFacts(question);
    return makeQuote(facts, shipping, explain);
  }

  return {
    quote,
    async priceOf({ item, ...rest }) {
      const answer = await quote({ ...rest, items: [item] });
      const [line] = answer.lines;
      if (!line || line.reason === "unknown-sku") throw itemNotFound(item);
      return { line, quote: answer };
    },
  };
}

/** What the catalog may know better. */
function unsellable({ lines }: PriceFacts): ProductNames {
  const unknown = lines.filter(({ skus }) => !skus.some(({ published }) => published)).map(({ item }) => item);
  return {
    skus: unknown.map(({ sku }) => sku).filter((sku) => sku !== ""),
    productIds: unknown.map(({ productId }) => productId).filter((id) => id !== ""),
  };
}

function checkShipping(shipping: { amount: bigint; currency: string } | undefined, currency: string): void {
  if (!shipping) return;
  if (shipping.currency !== currency) {
    throw validation({ "shipping.currency": `must be ${currency}, as the prices are; got "${shipping.currency}"` });
  }
  if (shipping.amount < 0n) throw validation({ "shipping.amount": `must be 0 or more minor units; got ${shipping.amount}` });
}

function itemNotFound({ sku, productId }: PriceItem): PlinthError {
  return sku === ""
    ? notFound(`There is no product ${productId}.`, { reason: "PRODUCT_NOT_FOUND", metadata: { product_id: productId } })
    : notFound(`There is no SKU ${sku}.`, { reason: "SKU_NOT_FOUND", metadata: { sku } });
}
