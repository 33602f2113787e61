import { validation } from "@plinth/kernel/base";
import { FileFormat } from "@plinth/proto/catalog/v1/catalog_pb";

export type ProductFileFormat = "csv" | "ndjson";

const FORMATS: Readonly<Record<string, ProductFileFormat>> = {
  "text/csv": "csv",
  "application/x-ndjson": "ndjson",
  "application/ndjson": "ndjson",
  "application/jsonl": "ndjson",
};

/** The format that was asked for, or the one that the content type says. Throws VALIDATION_ERROR. */
export function formatOf(format: FileFormat, contentType: string): ProductFileFormat {
  if (format === FileFormat.CSV) return "csv";
  if (format === FileFormat.NDJSON) return "ndjson";
  const type = contentType.split(";")[0]?.trim().toLowerCase() ?? "";
  const known = Object.hasOwn(FORMATS, type) ? FORMATS[type] : undefined;
  if (known !== undefined) return known;
  throw validation({
    format: `is not said, and the content type "${type.slice(0, 100)}" does not say it; send text/csv or application/x-ndjson, or give format`,
  });
}

/** The text of a file in UTF-8, with or without a byte order mark. Throws VALIDATION_ERROR that names the line. */
export function textOf(data: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(data);
  } catch {
    const bytes = Buffer.from(data);
    throw validation({ file: `is not UTF-8: look at line ${brokenLine(bytes)}, and save the file as UTF-8` });
  }
}

const NEWLINE = 0x0a;

/** No byte of a longer character in UTF-8 is a line's end, so each line can be looked at for itself. */
function brokenLine(bytes: Buffer): number {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const end = bytes.indexOf(NEWLINE, start);
    const next = end < 0 ? bytes.length : end + 1;
    try {
      decoder.decode(bytes.subarray(start, next));
    } catch {
      return line;
    }
    start = next;
  }
  return line;
}
