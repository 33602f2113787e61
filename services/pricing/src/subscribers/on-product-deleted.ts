import type { Transaction } from "@plinth/kernel/database";
import type { EventHandler } from "@plinth/kernel/events";
import type { ProductDeletedSchema } from "@plinth/proto/catalog/v1/events_pb";
import type { Product } from "../domain/product.ts";
import { deletedProduct } from "../messages/product-message.ts";

/** From now on its SKUs are unknown. Their prices stay, for a product that takes a SKU over. */
export function onProductDeleted(
  take: (tx: Transaction, products: readonly Product[]) => Promise<void>,
): EventHandler<typeof ProductDeletedSchema> {
  return async (event, tx) => {
    await take(tx, [deletedProduct(event)]);
  };
}
