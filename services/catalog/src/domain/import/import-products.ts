import { batchesOf, groupRows } from "./group-rows.ts";
import type { ReadRows, RowFault } from "./import-row.ts";
import type { ImportOutcome, ImportStore } from "./import-store.ts";

/** Rows written in one transaction: few enough that others wait but briefly. */
const BATCH_ROWS = 1000;

export interface ImportReport extends Omit<ImportOutcome, "rows"> {
  readonly rows: number;
  readonly skipped: number;
}

/** Writes what is valid, some products at a time; the same file again changes nothing. So one that broke off is sent again as it is. */
export async function importProducts(store: ImportStore, read: ReadRows, dryRun: boolean): Promise<ImportReport> {
  const { groups, faults } = groupRows(read, await store.slugsOfSkus([...read.rows.map(({ sku }) => sku), ...read.spoiltSkus]));
  const outcomes: ImportOutcome[] = [];
  for (const batch of batchesOf(groups, BATCH_ROWS)) outcomes.push(await store.write(batch, dryRun));
  const sum = (field: "created" | "updated" | "unchanged" | "rows") => outcomes.reduce((total, outcome) => total + outcome[field], 0);
  return {
    created: sum("created"),
    updated: sum("updated"),
    unchanged: sum("unchanged"),
    rows: read.count,
    skipped: read.count - sum("rows"),
    faults: [...read.faults, ...faults, ...outcomes.flatMap((outcome) => outcome.faults)].sort(byLine),
  };
}

function byLine(a: RowFault, b: RowFault): number {
  return a.line - b.line;
}
