import { COLUMNS, type Column, type RowFault } from "../../domain/import/import-row.ts";
import { checkRowCount, isColumn, type RawRow, type RawRows } from "./raw-row.ts";

/** A JSON object in each line; empty lines are passed over. Fields are the columns of CSV, with objects and lists as themselves. */
export function readNdjson(text: string): RawRows {
  const lines = text.split("\n").flatMap((content, index) => (content.trim() === "" ? [] : [{ content, line: index + 1 }]));
  checkRowCount(lines.length);
  const rows: RawRow[] = [];
  const broken: RowFault[] = [];
  for (const { content, line } of lines) {
    const read = readObject(content);
    if (typeof read === "string") broken.push({ line, field: "", value: content.slice(0, 100), problem: read });
    else rows.push({ line, cells: read });
  }
  return { rows, broken };
}

/** The cells, or what is wrong. */
function readObject(content: string): ReadonlyMap<Column, string> | string {
  let object: unknown;
  try {
    object = JSON.parse(content);
  } catch (error) {
    const where = /at position \d+/.exec(String(error))?.[0] ?? "at the end";
    return `is not JSON: it breaks off ${where}; write one object in each line`;
  }
  if (typeof object !== "object" || object === null || Array.isArray(object)) return "is no JSON object; write one in each line";
  const cells = new Map<Column, string>();
  for (const [name, value] of Object.entries(object)) {
    if (!isColumn(name)) return `has a field that nobody knows: "${name.slice(0, 50)}"; name it as one of ${COLUMNS.join(", ")}`;
    cells.set(name, typeof value === "string" ? value : value === null ? "" : JSON.stringify(value));
  }
  return cells;
}
