import type { Money } from "@plinth/kernel/base";
import type { ChannelSettings } from "./channel.ts";
import type { Candidate } from "./choose-price.ts";
import type { TaxedLine, TaxRate, TaxSum } from "./tax.ts";

/** What is asked about prices. */
export interface PriceQuestion {
  readonly items: readonly PriceItem[];
  /** Empty: the channel's. */
  readonly currency: string;
  /** Empty: the channel's. */
  readonly country: string;
  /** Undefined: now. */
  readonly at: Date | undefined;
  readonly channel: string;
  /** As the channel shows prices. */
  readonly shipping: Money | undefined;
  readonly explain: boolean;
}

/** A SKU, or a product, which stands for the cheapest of its SKUs that can be sold; the other one is empty. */
export interface PriceItem {
  readonly sku: string;
  readonly productId: string;
  readonly quantity: bigint;
  /** Empty: the channel's. */
  readonly warehouseId: string;
}

/** What is known of a SKU. */
export interface KnownSku {
  readonly sku: string;
  readonly productId: string;
  /** The product's name with the variant's title. */
  readonly name: string;
  readonly published: boolean;
  readonly taxClass: string;
  readonly weightGrams: number;
  readonly imageUrl: string;
  readonly candidates: readonly Candidate[];
}

/** What an answer rests on. */
export interface PriceFacts {
  readonly channel: Pick<ChannelSettings, "taxInclusive" | "taxRounding">;
  readonly currency: string;
  readonly country: string;
  /** Those of the country that hold. */
  readonly rates: readonly TaxRate[];
  /** For each item, with its warehouse filled in: its SKU, or the SKUs of its product in the catalog's order; none where it is unknown. */
  readonly lines: readonly { readonly item: PriceItem; readonly skus: readonly KnownSku[] }[];
}

export type NotSellableReason = "no-price" | "unknown-sku" | "not-published";

/** A rule that was looked at for a price. */
export interface PriceStep {
  readonly rule: "base price" | "quantity break" | "tax";
  readonly detail: string;
  /** Absent at the tax. */
  readonly unitPrice?: Money;
  readonly applied: boolean;
  /** Why it lost. */
  readonly reason: string;
}

export interface PricedLine {
  readonly item: PriceItem;
  /** Undefined where it is unknown, or not to be spoken of. */
  readonly sku: KnownSku | undefined;
  /** Undefined where it cannot be sold. */
  readonly taxed: TaxedLine | undefined;
  readonly reason: NotSellableReason | undefined;
  /** None unless asked for. */
  readonly steps: readonly PriceStep[];
}

/** The sums of the lines that can be sold, and of shipping. */
export interface Totals {
  readonly subtotal: Money;
  /** With its tax. */
  readonly shipping: Money;
  readonly shippingTax: Money;
  readonly tax: Money;
  readonly net: Money;
  readonly gross: Money;
  readonly taxes: readonly TaxSum[];
  readonly taxInclusive: boolean;
}

export interface Quote {
  readonly lines: readonly PricedLine[];
  readonly totals: Totals;
}
