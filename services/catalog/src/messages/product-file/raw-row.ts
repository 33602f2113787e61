import { validation } from "@plinth/kernel/base";
import { COLUMNS, type Column, MAX_ROWS, type RowFault } from "../../domain/import/import-row.ts";

/** A row before its cells are understood; columns that are absent have none. */
export interface RawRow {
  /** Where it begins in the file, from 1. */
  readonly line: number;
  readonly cells: ReadonlyMap<Column, string>;
}

export interface RawRows {
  readonly rows: readonly RawRow[];
  /** Rows that are none; they are not among `rows`. */
  readonly broken: readonly RowFault[];
}

export function isColumn(name: string): name is Column {
  return (COLUMNS as readonly string[]).includes(name);
}

/** Throws VALIDATION_ERROR. */
export function checkRowCount(count: number): void {
  if (count > MAX_ROWS) throw validation({ file: `has more than ${MAX_ROWS} rows; send it in parts, the rows of a product together` });
  if (count === 0) throw validation({ file: "has no rows" });
}
