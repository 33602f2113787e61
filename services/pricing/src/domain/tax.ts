import { add, allocate, type Money, multiply, type Ratio, subtract, sum, zero } from "@plinth/kernel/base";

/** Where tax is rounded: that of one, times the quantity; that of each line; that of all that has one rate. */
export type TaxRounding = "unit" | "line" | "order";

export const STANDARD_CLASS = "standard";
export const SHIPPING_CLASS = "shipping";

export interface TaxRate {
  /** For people; empty where nothing is taxed. */
  readonly name: string;
  /** Exact decimal: `0.19`. */
  readonly rate: string;
  readonly taxClass: string;
}

/** So many of one price, to be taxed. Amounts are never negative. */
export interface Taxable {
  readonly unitPrice: Money;
  readonly quantity: bigint;
  readonly rate: TaxRate;
}

export interface TaxedLine extends Taxable {
  /** unitPrice × quantity. */
  readonly subtotal: Money;
  readonly tax: Money;
  readonly net: Money;
  /** net + tax. */
  readonly gross: Money;
}

/** What was taxed by one rate. */
export interface TaxSum {
  readonly rate: TaxRate;
  readonly net: Money;
  readonly tax: Money;
}

export interface TaxRules {
  /** True: prices hold the tax. */
  readonly inclusive: boolean;
  readonly rounding: TaxRounding;
}

/** The rate of a class, else that of the class `standard`, else none. */
export function rateOf(rates: readonly TaxRate[], taxClass: string): TaxRate {
  const own = (name: string) => rates.find((rate) => rate.taxClass === name);
  return own(taxClass) ?? own(STANDARD_CLASS) ?? { name: "", rate: "0", taxClass };
}

/** Taxes lines of one currency, in their order. Each amount of tax is rounded once, half up. */
export function taxLines(lines: readonly Taxable[], { inclusive, rounding }: TaxRules): TaxedLine[] {
  const subtotals = lines.map(({ unitPrice, quantity }) => multiply(unitPrice, quantity));
  const taxes = rounding === "order" ? sharedTaxes(lines, subtotals, inclusive) : ownTaxes(lines, subtotals, inclusive, rounding);
  return lines.map((line, index) => {
    const subtotal = subtotals[index] as Money;
    const tax = taxes[index] as Money;
    const net = inclusive ? subtract(subtotal, tax) : subtotal;
    return { ...line, subtotal, tax, net, gross: add(net, tax) };
  });
}

/** The lines' net and tax by rate, in the order in which the rates come. */
export function taxByRate(lines: readonly TaxedLine[]): TaxSum[] {
  const sums = new Map<string, TaxSum>();
  for (const { rate, net, tax } of lines) {
    const known = sums.get(keyOf(rate));
    sums.set(keyOf(rate), known ? { rate, net: add(known.net, net), tax: add(known.tax, tax) } : { rate, net, tax });
  }
  return [...sums.values()];
}

function ownTaxes(lines: readonly Taxable[], subtotals: readonly Money[], inclusive: boolean, rounding: "unit" | "line"): Money[] {
  return lines.map(({ unitPrice, quantity, rate }, index) =>
    rounding === "unit" ? multiply(taxOf(unitPrice, rate, inclusive), quantity) : taxOf(subtotals[index] as Money, rate, inclusive),
  );
}

/** The tax of all lines of a rate, given to them in proportion to their subtotals. */
function sharedTaxes(lines: readonly Taxable[], subtotals: readonly Money[], inclusive: boolean): Money[] {
  const taxes = subtotals.map(({ currency }) => zero(currency));
  for (const indexes of Map.groupBy(lines.keys(), (index) => keyOf((lines[index] as Taxable).rate)).values()) {
    const parts = indexes.map((index) => subtotals[index] as Money);
    const { rate, unitPrice } = lines[indexes[0] as number] as Taxable;
    const tax = taxOf(sum(parts, unitPrice.currency), rate, inclusive);
    if (tax.amount === 0n) continue;
    const shares = allocate(
      tax,
      parts.map(({ amount }) => amount),
    );
    for (const [position, index] of indexes.entries()) taxes[index] = shares[position] as Money;
  }
  return taxes;
}

/** The tax on an amount, or the tax in it. */
function taxOf(amount: Money, { rate }: TaxRate, inclusive: boolean): Money {
  const { numerator, denominator } = ratioOf(rate);
  return multiply(amount, { numerator, denominator: inclusive ? denominator + numerator : denominator }, "half-up");
}

function ratioOf(rate: string): Ratio {
  const [whole = "0", fraction = ""] = rate.split(".");
  return { numerator: BigInt(whole + fraction), denominator: 10n ** BigInt(fraction.length) };
}

function keyOf({ name, rate, taxClass }: TaxRate): string {
  return JSON.stringify([name, rate, taxClass]);
}
