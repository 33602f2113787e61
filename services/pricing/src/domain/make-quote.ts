import { type Money, sum, validation } from "@plinth/kernel/base";
import { type Choice, choosePrice } from "./choose-price.ts";
import { priceStep, taxStep } from "./explain.ts";
import type { KnownSku, NotSellableReason, PricedLine, PriceFacts, PriceItem, PriceStep, Quote, Totals } from "./quote.ts";
import { rateOf, SHIPPING_CLASS, type TaxedLine, taxByRate, taxLines } from "./tax.ts";

/** What an int64 holds. */
const LARGEST = 2n ** 63n - 1n;

/** A SKU with its price, or why it has none. */
interface Offer {
  readonly sku: KnownSku | undefined;
  readonly reason: NotSellableReason | undefined;
  readonly choice: Choice;
  /** Other SKUs of the product, which are dearer. */
  readonly dearer: readonly { readonly sku: KnownSku; readonly choice: Choice }[];
}

const NOTHING: Choice = { won: undefined, lost: [] };

/** Prices and taxes the lines. Throws VALIDATION_ERROR, reason AMOUNT_TOO_LARGE, when an amount leaves 64 bits. */
export function makeQuote(facts: PriceFacts, shipping: Money | undefined, explain: boolean): Quote {
  const { channel, currency, rates } = facts;
  const offers = facts.lines.map(({ item, skus }) => offerFor(item, skus));
  const sold = offers.flatMap(({ sku, choice: { won } }, index) => (sku && won ? [{ index, sku, won }] : []));
  const taxables = sold.map(({ index, sku, won }) => ({
    unitPrice: { amount: won.amount, currency },
    quantity: (facts.lines[index] as PriceFacts["lines"][number]).item.quantity,
    rate: rateOf(rates, sku.taxClass),
  }));
  const carriage = shipping ? [{ unitPrice: shipping, quantity: 1n, rate: rateOf(rates, SHIPPING_CLASS) }] : [];
  const taxed = taxLines([...taxables, ...carriage], { inclusive: channel.taxInclusive, rounding: channel.taxRounding });
  const taxedOf = new Map(sold.map(({ index }, position) => [index, taxed[position] as TaxedLine]));

  const lines = facts.lines.map(({ item }, index): PricedLine => {
    const { sku, reason } = offers[index] as Offer;
    const line = taxedOf.get(index);
    if (line) checkFits(line.gross, `items[${index}].quantity`, `${item.quantity} of ${sku?.sku} cost more than`);
    return { item, sku, reason, taxed: line, steps: explain ? stepsOf(offers[index] as Offer, line, facts) : [] };
  });
  const totals = totalsOf(taxed.slice(0, sold.length), taxed[sold.length], currency, channel.taxInclusive);
  checkFits(totals.gross, "items", "add up to more than");
  return { lines, totals };
}

function offerFor({ quantity }: PriceItem, skus: readonly KnownSku[]): Offer {
  const none = { choice: NOTHING, dearer: [] };
  if (skus.length === 0) return { ...none, sku: undefined, reason: "unknown-sku" };
  const published = skus.filter((sku) => sku.published);
  if (published.length === 0) return { ...none, sku: skus[0], reason: "not-published" };
  const choices = published.map((sku) => ({ sku, choice: choosePrice(sku.candidates, quantity) }));
  const priced = choices.filter(({ choice }) => choice.won).sort((a, b) => compare(a.choice.won?.amount, b.choice.won?.amount));
  const [best, ...dearer] = priced;
  if (!best) return { sku: published[0], choice: choices[0]?.choice ?? NOTHING, reason: "no-price", dearer: [] };
  return { ...best, reason: undefined, dearer };
}

function stepsOf({ sku, choice, dearer }: Offer, line: TaxedLine | undefined, facts: PriceFacts): PriceStep[] {
  const { currency } = facts;
  return [
    ...(choice.won ? [priceStep(currency, choice.won, undefined)] : []),
    ...(line && sku ? [taxStep(line.rate, sku.taxClass, facts)] : []),
    ...choice.lost.map(({ candidate, reason }) => priceStep(currency, candidate, { reason })),
    ...dearer.flatMap((other) =>
      other.choice.won ? [priceStep(currency, other.choice.won, { reason: `${sku?.sku} costs no more than ${other.sku.sku}` })] : [],
    ),
  ];
}

function totalsOf(lines: readonly TaxedLine[], carriage: TaxedLine | undefined, currency: string, taxInclusive: boolean): Totals {
  const all = carriage ? [...lines, carriage] : lines;
  const total = (of: readonly TaxedLine[], what: "subtotal" | "tax" | "net" | "gross") =>
    sum(
      of.map((line) => line[what]),
      currency,
    );
  const nothing = { amount: 0n, currency };
  return {
    subtotal: total(lines, "subtotal"),
    shipping: carriage?.gross ?? nothing,
    shippingTax: carriage?.tax ?? nothing,
    tax: total(all, "tax"),
    net: total(all, "net"),
    gross: total(all, "gross"),
    taxes: taxByRate(all),
    taxInclusive,
  };
}

/** Amounts are never negative, and the gross is the largest of them. */
function checkFits({ amount, currency }: Money, field: string, what: string): void {
  if (amount <= LARGEST) return;
  throw validation({ [field]: `${what} ${LARGEST} minor units of ${currency}, the most that can be told` }, { reason: "AMOUNT_TOO_LARGE" });
}

function compare(a: bigint | undefined, b: bigint | undefined): number {
  return a === b ? 0 : (a ?? 0n) < (b ?? 0n) ? -1 : 1;
}
