import type { Page, PageRequest } from "@plinth/kernel/base";
import type { BasePrice, PriceChange, PriceInput, PriceKey } from "./base-price.ts";
import type { PriceFacts, PriceQuestion } from "./quote.ts";

/** All given conditions must hold; empty: any. */
export interface PriceFilter {
  readonly sku: string;
  readonly currency: string;
  readonly warehouseId: string;
}

export interface BookedChange extends PriceChange {
  /** A UUID. */
  readonly id: string;
  readonly actorId: string;
}

export interface PriceStore {
  /** All that the answer rests on, by the same number of statements however many items. Undefined: there is no such channel. */
  findFacts(question: PriceQuestion): Promise<PriceFacts | undefined>;
  /**
   * Sets prices, none of them twice, and answers what changed; rows, history, events and the audit entry are written in one transaction.
   */
  setPrices(prices: readonly PriceInput[]): Promise<PriceChange[]>;
  deletePrices(keys: readonly PriceKey[]): Promise<PriceChange[]>;
  /** By SKU, currency, warehouse and quantity. */
  listPrices(filter: PriceFilter, page: PageRequest): Promise<Page<BasePrice>>;
  /** Newest first. */
  listChanges(filter: PriceFilter, page: PageRequest): Promise<Page<BookedChange>>;
}
