import { FileFormat } from "@plinth/proto/catalog/v1/catalog_pb";
import type { ReadRows } from "../../domain/import/import-row.ts";
import { decodeRows } from "./decode-row.ts";
import { formatOf, textOf } from "./file-text.ts";
import { readCsv } from "./read-csv.ts";
import { readNdjson } from "./read-ndjson.ts";

/** A file of products. Throws VALIDATION_ERROR for one that cannot be read at all; what is wrong with single rows is in the answer. */
export function readProducts(data: Uint8Array, contentType: string, format = FileFormat.UNSPECIFIED): ReadRows {
  const read = formatOf(format, contentType) === "csv" ? readCsv : readNdjson;
  return decodeRows(read(textOf(data)));
}
