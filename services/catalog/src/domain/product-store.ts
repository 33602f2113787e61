import type { Page, PageRequest } from "@plinth/kernel/base";
import type { Product, ProductStatus } from "./product.ts";

/** Which of the three a product is looked up by. */
export type ProductKey = { readonly by: "id" | "slug" | "sku"; readonly value: string };

export interface ProductFilter {
  /** Empty: all. The categories below it count too. */
  readonly category: string;
  /** Words, each the beginning of a word of name or brand, or of a SKU. */
  readonly query: string;
  /** Undefined: any. */
  readonly status: ProductStatus | undefined;
}

export interface ProductOrder {
  readonly by: "name" | "createdAt";
  readonly direction: "asc" | "desc";
}

/** What became of a product, as others are told. */
export type ProductAct = "updated" | "published" | "unpublished";

/** Each change writes the rows, the event and the audit entry in one transaction. */
export interface ProductStore {
  /**
   * @param slugFor Undefined: the product's slug was chosen. Else it is the name from which a free one is made.
   * Throws NOT_FOUND, reason CATEGORY_NOT_FOUND; CONFLICT, reasons PRODUCT_EXISTS, SLUG_TAKEN.
   */
  insert(product: Product, slugFor: string | undefined): Promise<Product>;
  findProduct(key: ProductKey): Promise<Product | undefined>;
  /** By ids or SKUs; those that are not there are left out. */
  findProducts(ids: readonly string[], skus: readonly string[]): Promise<Product[]>;
  /** Throws NOT_FOUND, reason CATEGORY_NOT_FOUND. */
  listProducts(filter: ProductFilter, order: ProductOrder, page: PageRequest): Promise<Page<Product>>;
  /**
   * Applies `decide` to the locked product. Throws NOT_FOUND, reasons PRODUCT_NOT_FOUND, CATEGORY_NOT_FOUND; CONFLICT, reasons PRODUCT_EXISTS,
   * SLUG_TAKEN.
   */
  change(id: string, act: ProductAct, decide: (product: Product) => Product): Promise<Product>;
  /** Throws NOT_FOUND, reason PRODUCT_NOT_FOUND. */
  remove(id: string): Promise<void>;
  /** All products by id, some at a time, each with its category's slug. */
  scan(): AsyncIterable<readonly (readonly [product: Product, categorySlug: string])[]>;
}
