import { createHmac, timingSafeEqual } from "node:crypto";

/** How far the signature's time may be from ours, either way. */
export const TOLERANCE_SECONDS = 300;

/** What EasyPost's signatures are made of. Absent headers are empty. */
export interface SignedRequest {
  readonly body: Buffer;
  /** `X-Hmac-Signature-V2`, with `X-Timestamp` and `X-Path`. */
  readonly signatureV2: string;
  readonly timestamp: string;
  readonly path: string;
  /** `X-Hmac-Signature`: of the body alone. */
  readonly signature: string;
}

/**
 * Whether EasyPost signed the request with `secret`. The second scheme (over time, method, path and body) counts where its header is there, and then
 * an old time is a recording. The first scheme knows no time: what is recorded of it is told apart by the event's id, and says nothing new anyway.
 * Compared in constant time.
 */
export function isSigned({ body, signatureV2, timestamp, path, signature }: SignedRequest, secret: string, now: Date): boolean {
  const key = secret.normalize("NFKD");
  if (signatureV2 === "") return fits(signature, createHmac("sha256", key).update(body).digest());
  const time = Date.parse(timestamp);
  if (!(Math.abs(now.getTime() - time) <= TOLERANCE_SECONDS * 1000)) return false;
  return fits(signatureV2, createHmac("sha256", key).update(`${timestamp}POST${path}`).update(body).digest());
}

function fits(header: string, expected: Buffer): boolean {
  const hex = /^hmac-sha256-hex=([0-9a-f]{64})$/i.exec(header)?.[1];
  return hex !== undefined && timingSafeEqual(Buffer.from(hex, "hex"), expected);
}
