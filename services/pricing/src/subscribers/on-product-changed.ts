import type { Transaction } from "@plinth/kernel/database";
import type { Product } from "../domain/product.ts";
import { type ProductChanged, productOfEvent } from "../messages/product-message.ts";

/** Keeps what is newest of a product, in whatever order the news come: created, updated, published and unpublished each tell the whole. */
export function onProductChanged(take: (tx: Transaction, products: readonly Product[]) => Promise<void>) {
  return async (event: ProductChanged, tx: Transaction): Promise<void> => {
    await take(tx, [productOfEvent(event)]);
  };
}
