import type { Candidate } from "./choose-price.ts";
import type { PriceFacts, PriceStep } from "./quote.ts";
import type { TaxRate, TaxRounding } from "./tax.ts";

const ROUNDED: Record<TaxRounding, string> = {
  unit: "rounded for each piece",
  line: "rounded for the line",
  order: "rounded for all lines of this rate together, of which this is the line's share",
};

/** How a price is told to people. */
export function priceStep(
  currency: string,
  { warehouseId, minQuantity, amount }: Candidate,
  lost: { reason: string } | undefined,
): PriceStep {
  const isBreak = minQuantity > 1n;
  const where = warehouseId === "" ? "everywhere" : `in warehouse ${warehouseId}`;
  return {
    rule: isBreak ? "quantity break" : "base price",
    detail: isBreak ? `from ${minQuantity} on, ${where}` : where,
    unitPrice: { amount, currency },
    applied: lost === undefined,
    reason: lost?.reason ?? "",
  };
}

/** How the tax of a line is told to people. */
export function taxStep({ name, rate, taxClass }: TaxRate, wanted: string, { channel, country }: PriceFacts): PriceStep {
  const same = { rule: "tax", applied: true, reason: "" } as const;
  if (name === "") return { ...same, detail: `${country} has no tax rate for the class ${wanted} then: nothing is taxed` };
  const instead = taxClass === wanted ? "" : `, as ${country} has none for the class ${wanted}`;
  const how = `${channel.taxInclusive ? "in the price" : "on top of the price"}, ${ROUNDED[channel.taxRounding]}`;
  return { ...same, detail: `${name} (${rate}, ${country}, class ${taxClass}${instead}), ${how}` };
}
