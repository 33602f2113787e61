import { isDeepStrictEqual } from "node:util";
import { type ImportRow, PRODUCT_FIELDS, type ProductField, type ProductFields, type RowFault } from "./import-row.ts";

/** What a file says of a field of a product, and where. */
export interface SaidField<Value> {
  readonly line: number;
  readonly value: Value;
}

export interface MergedFields {
  readonly said: { readonly [Field in ProductField]?: SaidField<ProductFields[Field]> };
  readonly faults: RowFault[];
}

/** No product is without them: an empty cell leaves what is there. */
const NEVER_EMPTY: ReadonlySet<ProductField> = new Set(["name", "category", "status"]);

/** Of each field what the first row says that says something; rows must not contradict each other. All empty: it is to be empty. */
export function mergedFields(rows: readonly ImportRow[]): MergedFields {
  const faults: RowFault[] = [];
  const said: Record<string, SaidField<unknown>> = {};
  for (const field of PRODUCT_FIELDS) {
    const cells = rows.flatMap(({ line, ofProduct }) => {
      const cell = ofProduct[field];
      return cell === undefined ? [] : [{ ...cell, line }];
    });
    const full = cells.filter(({ text }) => text !== "");
    const first = full[0] ?? (NEVER_EMPTY.has(field) ? undefined : cells[0]);
    if (first === undefined) continue;
    said[field] = { line: first.line, value: first.value };
    for (const { line, text, value } of full) {
      if (isDeepStrictEqual(value, first.value)) continue;
      const problem = `is not what line ${first.line} says of the same product; say it once, or the same each time`;
      faults.push({ line, field, value: text, problem });
    }
  }
  return { said: said as MergedFields["said"], faults };
}
