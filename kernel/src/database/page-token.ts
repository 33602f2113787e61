import { createHash } from "node:crypto";
import { validation } from "../base/errors.ts";

const CHECKSUM_BYTES = 8;

/**
 * The place after the last row of a page: its values of the columns that order the list. The checksum covers the
 * question too, so that a token of another list, filter or order is refused instead of giving a wrong page. It guards
 * against mistakes, not malice: whatever the values, they reach only rows the caller may list anyway.
 */
export function encodePageToken(question: string, values: readonly string[]): string {
  const body = Buffer.from(JSON.stringify(values));
  return Buffer.concat([checksum(question, body), body]).toString("base64url");
}

/** Throws VALIDATION_ERROR on `page_token` for anything `encodePageToken` did not make for the same question. */
export function decodePageToken(question: string, token: string): string[] {
  const bytes = Buffer.from(token, "base64url");
  const body = bytes.subarray(CHECKSUM_BYTES);
  // Node's decoder skips what is not base64url; the way back shows that nothing was skipped.
  if (bytes.toString("base64url") !== token || !checksum(question, body).equals(bytes.subarray(0, CHECKSUM_BYTES))) {
    throw validation({ page_token: "is not a token of this list with these filters; leave it out to start at the first page" });
  }
  return JSON.parse(body.toString()) as string[];
}

function checksum(question: string, body: Buffer): Buffer {
  return createHash("sha256").update(question).update("\0").update(body).digest().subarray(0, CHECKSUM_BYTES);
}
