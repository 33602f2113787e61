import { FileFormat } from "@plinth/proto/catalog/v1/catalog_pb";
import { COLUMNS, type Column } from "../../domain/import/import-row.ts";
import type { Product } from "../../domain/product.ts";
import type { ProductOption, Variant } from "../../domain/variants.ts";

/** How products are written into a file that can be imported again. */
export interface ProductFileText {
  readonly contentType: string;
  readonly extension: string;
  /** Before the first product. */
  readonly head: string;
  product(product: Product, categorySlug: string): string;
}

const CSV: ProductFileText = {
  contentType: "text/csv; charset=utf-8; header=present",
  extension: "csv",
  head: `${COLUMNS.join(",")}\r\n`,
  product: (product, category) => rowsOf(product, category).map(csvRow).join(""),
};

const NDJSON: ProductFileText = {
  contentType: "application/x-ndjson; charset=utf-8",
  extension: "ndjson",
  head: "",
  product: (product, category) =>
    rowsOf(product, category)
      .map((row) => `${JSON.stringify(row)}\n`)
      .join(""),
};

export function productFileText(format: FileFormat): ProductFileText {
  return format === FileFormat.NDJSON ? NDJSON : CSV;
}

type Row = Partial<Record<Column, unknown>>;

/** A row for each variant; what belongs to the product stands in the first. */
function rowsOf(product: Product, category: string): Row[] {
  const { slug, name, description, brand, attributes, taxClass, status, weightGrams, media, options, variants } = product;
  const said: Row = {
    ...{ name, description, brand, category, tax_class: taxClass, status, weight_grams: weightGrams },
    ...{ attributes, media, product_options: options },
  };
  return variants.map((variant, index) => ({
    product: slug,
    ...(index === 0 && said),
    sku: variant.sku,
    title: variant.title,
    options: chosen(variant, options),
    variant_weight_grams: variant.weightGrams,
  }));
}

/** In the order of the product's options. */
function chosen({ options: values }: Variant, options: readonly ProductOption[]): Record<string, string> {
  return Object.fromEntries(options.map(({ name }) => [name, values[name] ?? ""]));
}

function csvRow(row: Row): string {
  return `${COLUMNS.map((column) => csvCell(row[column])).join(",")}\r\n`;
}

/** What a spreadsheet would run as a formula, and what is guarded already, so that reading takes away exactly what was added. */
const RUNS = /^'*[=+\-@\t\r]/;

/** Quoted as RFC 4180 wants it. Formulas get an apostrophe in front, which spreadsheets show as text. */
function csvCell(value: unknown): string {
  if (value === undefined || value === null) return "";
  const text = typeof value === "string" ? value : jsonCell(value);
  const guarded = RUNS.test(text) ? `'${text}` : text;
  return /[",;\r\n]|^\s|\s$/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

function jsonCell(value: unknown): string {
  const json = JSON.stringify(value);
  return json === "{}" || json === "[]" ? "" : json;
}
