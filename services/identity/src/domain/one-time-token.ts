import { createHash, randomBytes } from "node:crypto";

export type TokenPurpose = "verify-email" | "reset-password";

/** What is stored of a token: whoever reads the table cannot use it. */
export interface OneTimeToken {
  readonly hash: Buffer;
  readonly purpose: TokenPurpose;
  readonly userId: string;
  readonly tenantId: string;
  /** The address it was sent to: a token for an old address does not verify a new one. */
  readonly email: string;
  readonly expiresAt: Date;
}

const TOKEN_BYTES = 32;

/** The raw token goes into one mail and nowhere else. */
export function issueToken(
  purpose: TokenPurpose,
  user: { id: string; tenantId: string; email: string },
  now: Date,
  lifetimeMs: number,
): { raw: string; token: OneTimeToken } {
  const raw = randomBytes(TOKEN_BYTES).toString("base64url");
  const expiresAt = new Date(now.getTime() + lifetimeMs);
  return { raw, token: { hash: hashOfToken(raw), purpose, userId: user.id, tenantId: user.tenantId, email: user.email, expiresAt } };
}

/** A plain hash is enough: the token has 256 random bits, so there is nothing to guess. */
export function hashOfToken(raw: string): Buffer {
  return createHash("sha256").update(raw).digest();
}
