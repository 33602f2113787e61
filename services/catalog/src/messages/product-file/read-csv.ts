import { validation } from "@plinth/kernel/base";
import { CsvError, type Info, parse } from "csv-parse/sync";
import { COLUMNS, type Column, MAX_ROWS, type RowFault } from "../../domain/import/import-row.ts";
import { checkRowCount, isColumn, type RawRow, type RawRows } from "./raw-row.ts";

/** What an export writes in front of a text that a spreadsheet would run as a formula; see `write-csv.ts`. */
const GUARDED = /^'+[=+\-@\t\r]/;

/** Rows of RFC 4180: separated by commas or semicolons, any line ends, a line of column names first. Throws VALIDATION_ERROR for what is none. */
export function readCsv(text: string): RawRows {
  const [head, ...records] = recordsOf(text);
  if (head === undefined) throw validation({ file: "is empty; the first line names the columns" });
  const columns = columnsOf(head.record);
  checkRowCount(records.length);
  const rows: RawRow[] = [];
  const broken: RowFault[] = [];
  for (const { line, record } of records) {
    if (record.length === columns.length) {
      const cells = columns.map((column, index): [Column, string] => [column, unguarded(record[index] ?? "")]);
      rows.push({ line, cells: new Map(cells) });
    } else {
      const problem = `has ${record.length} cells where the first line names ${columns.length}; quote texts that hold a comma or a quote`;
      broken.push({ line, field: "", value: record.join(",").slice(0, 100), problem });
    }
  }
  return { rows, broken };
}

interface CsvRecord {
  readonly line: number;
  readonly record: readonly string[];
}

function recordsOf(text: string): CsvRecord[] {
  const firstLine = text.slice(0, text.search(/\r|\n|$/));
  const delimiter = firstLine.includes(";") && !firstLine.includes(",") ? ";" : ",";
  const records: CsvRecord[] = [];
  // The parser tells on which line a record ends, and counts CRLF inside quotes as two; where it begins follows from the breaks inside it.
  let countedTwice = 0;
  const onRecord = (record: string[], { lines }: Info) => {
    const breaks = record.flatMap((cell) => cell.match(/\r\n|\r|\n/g) ?? []);
    countedTwice += breaks.filter((one) => one === "\r\n").length;
    records.push({ line: lines - countedTwice - breaks.length, record });
    return null;
  };
  try {
    parse(text, { bom: true, delimiter, relax_column_count: true, skip_empty_lines: true, to: MAX_ROWS + 2, on_record: onRecord });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw validation({ file: `is no CSV: ${error.message}` });
  }
  return records;
}

function columnsOf(head: readonly string[]): Column[] {
  const names = head.map((name) => name.trim().toLowerCase());
  const unknown = names.filter((name) => !isColumn(name)).map((name) => `"${name.slice(0, 50)}"`);
  if (unknown.length > 0) {
    const some = unknown.slice(0, 10).join(", ");
    throw validation({ file: `has columns that nobody knows: ${some}; take them out, or name them as one of ${COLUMNS.join(", ")}` });
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw validation({ file: `has the column ${twice} twice; leave one of them` });
  if (!names.includes("sku")) throw validation({ file: "has no column sku; each row needs one, to be found again by it" });
  return names as Column[];
}

function unguarded(text: string): string {
  return GUARDED.test(text) ? text.slice(1) : text;
}
