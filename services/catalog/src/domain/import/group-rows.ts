import type { ImportRow, ReadRows, RowFault } from "./import-row.ts";

/** The rows of one product, in the order of the file. */
export interface ImportGroup {
  /** Empty: a new product that says none, and gets one from its name. */
  readonly slug: string;
  readonly rows: readonly ImportRow[];
}

export interface GroupedRows {
  readonly groups: readonly ImportGroup[];
  readonly faults: readonly RowFault[];
}

/**
 * Brings the rows of each product together. A SKU stands in a file once. What belongs to a product with a row that has a fault is left
 * out: half a product is worse than none.
 *
 * @param slugOfSku The products that have these SKUs already.
 */
export function groupRows({ rows, spoiltProducts, spoiltSkus }: ReadRows, slugOfSku: ReadonlyMap<string, string>): GroupedRows {
  const faults: RowFault[] = [];
  const spoilt = new Set(spoiltProducts);
  for (const sku of spoiltSkus) {
    const slug = slugOfSku.get(sku);
    if (slug !== undefined) spoilt.add(slug);
  }
  const lineOfSku = new Map<string, number>();
  const rowsOf = new Map<string, ImportRow[]>();
  for (const row of rows) {
    const slug = row.product === "" ? slugOfSku.get(row.sku) : row.product;
    // A line of its own stands for a product that has no name yet; no slug looks like it.
    const key = slug ?? `line ${row.line}`;
    const firstLine = lineOfSku.get(row.sku);
    if (firstLine !== undefined) {
      const problem = `stands in line ${firstLine} already; a SKU has one row`;
      faults.push({ line: row.line, field: "sku", value: row.sku, problem });
      spoilt.add(key);
    }
    lineOfSku.set(row.sku, firstLine ?? row.line);
    rowsOf.set(key, [...(rowsOf.get(key) ?? []), row]);
  }
  const groups = [...rowsOf].filter(([key]) => !spoilt.has(key)).map(([key, rows]) => ({ slug: key.startsWith("line ") ? "" : key, rows }));
  // Those without a slug come last: what is made for them must not be what another row is named.
  return { groups: [...groups.filter(({ slug }) => slug !== ""), ...groups.filter(({ slug }) => slug === "")], faults };
}

/**
 * The same groups, after others may have made products: a row that was to become one of its own goes to the product that has its SKU by now.
 */
export function resettledGroups(groups: readonly ImportGroup[], slugOfSku: ReadonlyMap<string, string>): ImportGroup[] {
  const settled = new Map<string, ImportGroup>();
  const fresh: ImportGroup[] = [];
  for (const { slug: said, rows } of groups) {
    const slug = said === "" ? (slugOfSku.get(rows[0]?.sku ?? "") ?? "") : said;
    if (slug === "") fresh.push({ slug, rows });
    else settled.set(slug, { slug, rows: [...(settled.get(slug)?.rows ?? []), ...rows] });
  }
  return [...settled.values(), ...fresh];
}

/** Groups that are written together, of about so many rows. */
export function batchesOf(groups: readonly ImportGroup[], rowsInBatch: number): ImportGroup[][] {
  const batches: ImportGroup[][] = [];
  let rows = rowsInBatch;
  for (const group of groups) {
    if (rows + group.rows.length > rowsInBatch) {
      batches.push([]);
      rows = 0;
    }
    batches.at(-1)?.push(group);
    rows += group.rows.length;
  }
  return batches;
}
