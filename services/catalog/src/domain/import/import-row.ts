import type { Media, ProductStatus } from "../product.ts";
import type { ProductOption } from "../variants.ts";

export const MAX_ROWS = 5000;

/** What a row may say of its product. */
export interface ProductFields {
  readonly name: string;
  readonly description: string;
  readonly brand: string;
  /** A category's id or slug. */
  readonly category: string;
  readonly tax_class: string;
  readonly status: ProductStatus;
  readonly weight_grams: number;
  readonly attributes: Readonly<Record<string, string>>;
  readonly media: readonly Media[];
  readonly product_options: readonly ProductOption[];
}

/** What a row may say of its variant. */
export interface VariantFields {
  readonly title: string;
  readonly options: Readonly<Record<string, string>>;
  /** Null: the product's. */
  readonly variant_weight_grams: number | null;
}

export type ProductField = keyof ProductFields;
export type VariantField = keyof VariantFields;
export type Column = "product" | "sku" | ProductField | VariantField;

export const PRODUCT_FIELDS: readonly ProductField[] = [
  ...(["name", "description", "brand", "category", "tax_class"] as const),
  ...(["status", "weight_grams", "attributes", "media", "product_options"] as const),
];
export const VARIANT_FIELDS: readonly VariantField[] = ["title", "options", "variant_weight_grams"];
/** As an export writes them. */
export const COLUMNS: readonly Column[] = ["product", ...PRODUCT_FIELDS, "sku", ...VARIANT_FIELDS];

/** What stands in a cell, and what it means. */
export interface Cell<Value> {
  /** Empty: the field is to be empty. */
  readonly text: string;
  readonly value: Value;
}

/** A row of a file: a variant. Fields whose column is absent are undefined. */
export interface ImportRow {
  /** Where it begins in the file, from 1. */
  readonly line: number;
  readonly sku: string;
  /** The slug of its product; empty: not said. */
  readonly product: string;
  readonly ofProduct: Readonly<{ [Field in ProductField]?: Cell<ProductFields[Field]> }>;
  readonly ofVariant: Readonly<Partial<VariantFields>>;
}

export interface RowFault {
  readonly line: number;
  readonly field: Column | "";
  readonly value: string;
  readonly problem: string;
}

/** A file as it was read. */
export interface ReadRows {
  /** All rows, also those with faults. */
  readonly count: number;
  readonly rows: readonly ImportRow[];
  readonly faults: readonly RowFault[];
  /** The products of rows with faults, where they say one: their other rows are left out too. */
  readonly spoiltProducts: ReadonlySet<string>;
  /** The SKUs of rows with faults, where they say one. */
  readonly spoiltSkus: ReadonlySet<string>;
}
