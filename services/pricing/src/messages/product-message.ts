import { type Product as ProductMessage, ProductStatus } from "@plinth/proto/catalog/v1/catalog_pb";
import type {
  ProductCreated,
  ProductDeleted,
  ProductPublished,
  ProductUnpublished,
  ProductUpdated,
} from "@plinth/proto/catalog/v1/events_pb";
import type { Product } from "../domain/product.ts";
import { STANDARD_CLASS } from "../domain/tax.ts";

/** What the catalog says of a product, in the domain's words. */

export type ProductChanged = ProductCreated | ProductUpdated | ProductPublished | ProductUnpublished;

export function productOfEvent({ productId, name, published, imageUrl, revision, variants }: ProductChanged): Product {
  const kept = variants.map(({ sku, title, taxClass, weightGrams }) => ({ sku, title, taxClass: taxClass || STANDARD_CLASS, weightGrams }));
  return { productId, name, published, imageUrl, revision, variants: kept };
}

export function deletedProduct({ productId, revision }: ProductDeleted): Product {
  return { productId, name: "", published: false, imageUrl: "", revision, variants: [] };
}

export function productOfCatalog({ id, name, status, imageUrl, version, taxClass, weightGrams, variants }: ProductMessage): Product {
  const kept = variants.map((variant) => ({
    sku: variant.sku,
    title: variant.title,
    taxClass: taxClass || STANDARD_CLASS,
    weightGrams: variant.weightGrams ?? weightGrams,
  }));
  return { productId: id, name, published: status === ProductStatus.PUBLISHED, imageUrl, revision: version, variants: kept };
}
