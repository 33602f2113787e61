/** What each shop sells: the same goods at the same prices, taxes and costs of shipping, and more of them than any run can buy. */
export interface Good {
  readonly sku: string;
  readonly name: string;
  readonly slug: string;
  readonly description: string;
  /** In cents, without tax. */
  readonly priceMinor: number;
}

export const CURRENCY = "USD";
export const COUNTRY = "DE";
export const TAX_PERCENT = 20;
/** In cents, without tax. */
export const SHIPPING_MINOR = 500;
/** Of each SKU. */
export const STOCK = 1_000_000;

export const GOODS: readonly Good[] = Array.from({ length: 100 }, (_, index) => {
  const number = String(index + 1).padStart(3, "0");
  return {
    sku: `BENCH-${number}`,
    name: `Article ${number}`,
    slug: `article-${number}`,
    description: `What can be bought as number ${number}`,
    priceMinor: 500 + 137 * index,
  };
});
