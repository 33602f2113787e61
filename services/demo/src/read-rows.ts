import { readFile } from "node:fs/promises";
import { parse } from "csv-parse/sync";

/** A file of `data/`, as it lies there. */
export function readData(name: string): Promise<Buffer> {
  return readFile(new URL(`../data/${name}`, import.meta.url));
}

/** The rows of a CSV file of `data/`, by the names in its first line. */
export async function readRows<Column extends string>(name: string): Promise<Readonly<Record<Column, string>>[]> {
  return parse(await readData(name), { columns: true });
}
