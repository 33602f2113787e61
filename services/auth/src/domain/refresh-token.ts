import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from "node:crypto";
import type { TokenPair } from "./token-pair.ts";

const TOKEN_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** 256 random bits. The raw token goes to the client and nowhere else. */
export function newRefreshToken(): string {
  return randomBytes(TOKEN_BYTES).toString("base64url");
}

/** What is stored of a token. A plain hash is enough: there is nothing to guess in 256 random bits. */
export function hashOfToken(raw: string): Buffer {
  return createHash("sha256").update(raw).digest();
}

/**
 * The pair that followed a spent token, for whoever shows that token again. The key comes from the token itself, of which only the hash
 * is stored: the database alone opens nothing.
 */
export function sealSuccessor(spent: string, pair: TokenPair): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", successorKey(spent), nonce);
  const text = Buffer.concat([cipher.update(JSON.stringify(pair)), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]);
}

/** Throws when `sealed` was not sealed for this token. */
export function openSuccessor(spent: string, sealed: Buffer): TokenPair {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", successorKey(spent), nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  const text = Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
  return JSON.parse(text.toString()) as TokenPair;
}

function successorKey(spent: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", spent, "", "plinth auth successor pair", 32));
}
