import {
  type Cell,
  type Column,
  type ImportRow,
  PRODUCT_FIELDS,
  type ReadRows,
  type RowFault,
  VARIANT_FIELDS,
} from "../../domain/import/import-row.ts";
import { CELLS, CellFault, SKU_CELL } from "./cells.ts";
import type { RawRow, RawRows } from "./raw-row.ts";

/** Understands the cells of each row; what cannot be understood is told by line and column. */
export function decodeRows({ rows: raw, broken }: RawRows): ReadRows {
  const rows: ImportRow[] = [];
  const faults = [...broken];
  const spoiltProducts = new Set<string>();
  const spoiltSkus = new Set<string>();
  for (const row of raw) {
    const before = faults.length;
    const decoded = decodeRow(row, faults);
    if (faults.length === before) {
      rows.push(decoded);
      continue;
    }
    if (decoded.product !== "") spoiltProducts.add(decoded.product);
    if (decoded.sku !== "") spoiltSkus.add(decoded.sku);
  }
  return { count: raw.length + broken.length, rows, faults, spoiltProducts, spoiltSkus };
}

function decodeRow({ line, cells }: RawRow, faults: RowFault[]): ImportRow {
  function cell<Value>(column: Column, read: (text: string) => Value): Cell<Value> | undefined {
    const text = cells.get(column);
    if (text === undefined) return undefined;
    try {
      return { text, value: read(text) };
    } catch (error) {
      if (!(error instanceof CellFault)) throw error;
      faults.push({ line, field: column, value: text, problem: error.message });
      return undefined;
    }
  }
  const sku = cell("sku", SKU_CELL)?.value;
  if (sku === undefined && !cells.has("sku")) faults.push({ line, field: "sku", value: "", problem: "is missing; each row needs one" });
  const ofProduct = PRODUCT_FIELDS.map((field) => [field, cell<unknown>(field, CELLS[field])] as const);
  const ofVariant = VARIANT_FIELDS.map((field) => [field, cell<unknown>(field, CELLS[field])?.value] as const);
  return {
    line,
    sku: sku ?? "",
    product: cell("product", CELLS.product)?.value ?? "",
    ofProduct: definedOf(ofProduct) as ImportRow["ofProduct"],
    ofVariant: definedOf(ofVariant) as ImportRow["ofVariant"],
  };
}

function definedOf(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
