import { styled } from "./style.ts";
import { table } from "./table.ts";

export interface Column<Row> {
  readonly title: string;
  value(row: Row): string | number | undefined;
}

export interface ListOptions {
  readonly json?: boolean;
  /** Said instead of an empty table. */
  readonly empty: string;
}

/** Prints rows as a table, or as a JSON array with all that is known of them. */
export function printList<Row>(rows: readonly Row[], columns: readonly Column<Row>[], { json, empty }: ListOptions): void {
  if (json) {
    printJson(rows);
    return;
  }
  if (rows.length === 0) {
    print(empty);
    return;
  }
  const lines = table(
    columns.map(({ title }) => title),
    rows.map((row) => columns.map((column) => String(column.value(row) ?? ""))),
  ).split("\n");
  print([styled("bold", lines[0] ?? ""), ...lines.slice(1)].join("\n"));
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, (_key, each) => (typeof each === "bigint" ? String(each) : each), 2));
}

/** One or more lines; the end of line is added. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
