import { type Page, type PageRequest, validation } from "@plinth/kernel/base";
import type { TaxRate } from "./tax.ts";

/** The tax of a country on a class of goods, from a moment on. */
export interface CountryTaxRate extends TaxRate {
  /** ISO 3166 alpha-2. */
  readonly country: string;
  /** Undefined: since always. */
  readonly validFrom: Date | undefined;
}

export interface TaxStore {
  /** All or none, none of them twice, with an audit entry. One of the same country, class and moment is replaced. */
  setTaxRates(rates: readonly CountryTaxRate[]): Promise<void>;
  /** By country, class and moment. */
  listTaxRates(country: string, page: PageRequest): Promise<Page<CountryTaxRate>>;
}

/** Throws VALIDATION_ERROR for a rate that is given twice. */
export function checkDistinct(rates: readonly CountryTaxRate[]): void {
  const seen = new Map<string, number>();
  for (const [index, { country, taxClass, validFrom }] of rates.entries()) {
    const key = JSON.stringify([country, taxClass, validFrom?.getTime()]);
    const first = seen.get(key);
    if (first !== undefined) {
      throw validation({
        [`rates[${index}]`]: `is of the same country, tax_class and valid_from as rates[${first}]; leave one of them out`,
      });
    }
    seen.set(key, index);
  }
}
