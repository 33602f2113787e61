import type { ImportGroup } from "./group-rows.ts";
import type { RowFault } from "./import-row.ts";

/** What became of products of a file. */
export interface ImportOutcome {
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  /** Rows of products that were written, or are as the file says. */
  readonly rows: number;
  readonly faults: readonly RowFault[];
}

export interface ImportStore {
  /** The slugs of the products that have these SKUs. */
  slugsOfSkus(skus: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /**
   * Writes these products with their events and audit entries in one transaction, by as many statements whatever their number. Where a product cannot be
   * written as its rows say, it is left out and told.
   *
   * @param dryRun Nothing is written.
   */
  write(groups: readonly ImportGroup[], dryRun: boolean): Promise<ImportOutcome>;
}
