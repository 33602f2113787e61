import { createHmac, hkdfSync } from "node:crypto";

const SECRET_BYTES = 32;

/**
 * The key that signs webhooks of a tenant to an origin, derived from the platform's: a receiver that knows its own key cannot sign
 * towards another one.
 */
export function webhookSecret(signingKey: string, tenantId: string, origin: string): Buffer {
  return Buffer.from(hkdfSync("sha256", signingKey, "", `plinth webhook ${tenantId} ${origin}`, SECRET_BYTES));
}

/** As libraries of Standard Webhooks take it. */
export function showSecret(secret: Buffer): string {
  return `whsec_${secret.toString("base64")}`;
}

/** The headers of a webhook by the Standard Webhooks specification. `at` is the time of the attempt, for receivers that refuse old ones. */
export function signatureHeaders(secret: Buffer, id: string, body: string, at: Date): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signature = createHmac("sha256", secret).update(`${id}.${timestamp}.${body}`).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${signature}` };
}
