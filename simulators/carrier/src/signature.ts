import { createHmac } from "node:crypto";

/** How webhooks are signed: `v1` over the body, `v2` over time, method, path and body. EasyPost sends both. */
export type SignatureScheme = "v1" | "v2";

/** The headers that sign `body` on its way to `url`. */
export function signatureHeaders(
  body: string,
  { url, secret, schemes, now }: { url: string; secret: string; schemes: readonly SignatureScheme[]; now: Date },
): Record<string, string> {
  const key = secret.normalize("NFKD");
  const sign = (text: string) => `hmac-sha256-hex=${createHmac("sha256", key).update(text).digest("hex")}`;
  const path = new URL(url).pathname;
  // RFC 2822, as EasyPost writes it.
  const timestamp = now.toUTCString().replace("GMT", "-0000");
  return {
    ...(schemes.includes("v1") ? { "x-hmac-signature": sign(body) } : {}),
    ...(schemes.includes("v2")
      ? { "x-timestamp": timestamp, "x-path": path, "x-hmac-signature-v2": sign(`${timestamp}POST${path}${body}`) }
      : {}),
  };
}
