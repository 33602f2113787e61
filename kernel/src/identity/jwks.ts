import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";

/** A public RSA key as it is published. */
export interface PublicJwk extends JsonWebKey {
  readonly kid: string;
  /** Epoch seconds after which no token of this key is live; set when the key was replaced. */
  readonly exp?: number;
}

export interface Jwks {
  readonly keys: readonly PublicJwk[];
}

/** Weaker keys are not taken, whoever publishes them. */
const MIN_MODULUS_BITS = 2048;

/** The JWK of an RSA key; its id is the thumbprint of RFC 7638, so that the same key has the same id everywhere. */
export function publicJwk(key: KeyObject): PublicJwk {
  const { e, kty, n } = key.export({ format: "jwk" });
  const kid = createHash("sha256").update(JSON.stringify({ e, kty, n })).digest("base64url");
  return { kty: "RSA", use: "sig", alg: "RS256", kid, n: n as string, e: e as string };
}

/** The usable RSA signing keys of a JWKS document, by key id. Entries of other kinds are passed over; no document at all is an error. */
export function readJwks(document: unknown): Map<string, { key: KeyObject; expMs: number }> {
  const entries = (document as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(entries)) throw new Error('A JWKS document must be an object with "keys", a list.');
  const keys = new Map<string, { key: KeyObject; expMs: number }>();
  for (const entry of entries as Partial<PublicJwk>[]) {
    if (typeof entry?.kid !== "string" || entry.kty !== "RSA") continue;
    if ((entry.use ?? "sig") !== "sig" || (entry.alg ?? "RS256") !== "RS256") continue;
    try {
      const key = createPublicKey({ key: { kty: "RSA", n: entry.n as string, e: entry.e as string }, format: "jwk" });
      if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < MIN_MODULUS_BITS) continue;
      keys.set(entry.kid, { key, expMs: typeof entry.exp === "number" ? entry.exp * 1000 : Number.POSITIVE_INFINITY });
    } catch {
      // One broken entry must not take the others with it.
    }
  }
  return keys;
}
