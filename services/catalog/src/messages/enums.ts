import { ProductStatus as ProductStatusMessage } from "@plinth/proto/catalog/v1/catalog_pb";
import type { ProductStatus } from "../domain/product.ts";
import type { ProductOrder } from "../domain/product-store.ts";

/** A product's status on the wire. */
export const PRODUCT_STATUS: Record<ProductStatus, ProductStatusMessage> = {
  draft: ProductStatusMessage.DRAFT,
  published: ProductStatusMessage.PUBLISHED,
};

/** Undefined for "not said". */
export function productStatusOf(message: ProductStatusMessage): ProductStatus | undefined {
  return (Object.keys(PRODUCT_STATUS) as ProductStatus[]).find((status) => PRODUCT_STATUS[status] === message);
}

/** The orders that the proto's rules let through, as the domain knows them; the newest first where none is said. */
export function productOrderOf(orderBy: string): ProductOrder {
  if (orderBy === "") return { by: "createdAt", direction: "desc" };
  const [field, direction] = orderBy.split(" ");
  return { by: field === "name" ? "name" : "createdAt", direction: direction === "desc" ? "desc" : "asc" };
}
