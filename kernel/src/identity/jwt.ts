import type { KeyObject } from "node:crypto";
import jsonwebtoken, { type JwtPayload } from "jsonwebtoken";
import { type PlinthError, unauthorized } from "../base/errors.ts";

/** Tokens of ours are below 2 KiB; nothing larger is looked into. */
const MAX_LENGTH = 8192;
/** How far another machine's clock may be ahead of ours. */
const LEEWAY_SECONDS = 10;

export interface ExpectedClaims {
  readonly issuer: string;
  readonly audience: string;
  readonly nowMs: number;
}

/** Claims of a verified token; `exp` is always there. */
export type VerifiedClaims = JwtPayload & { exp: number };

/** The key id a token names. Refuses all that is no RS256 JWT, before a key is looked for: `none` and HS256 must never meet a public key. */
export function keyIdOf(token: string): string {
  if (token.length > MAX_LENGTH) throw invalidToken("is too long");
  const dot = token.indexOf(".");
  let header: unknown;
  try {
    header = JSON.parse(Buffer.from(token.slice(0, Math.max(0, dot)), "base64url").toString());
  } catch {
    throw invalidToken("is no JWT");
  }
  if (typeof header !== "object" || header === null) throw invalidToken("is no JWT");
  const { alg, kid } = header as { alg?: unknown; kid?: unknown };
  if (alg !== "RS256") throw invalidToken("is not signed with RS256");
  if (typeof kid !== "string" || kid === "") throw invalidToken("names no key");
  return kid;
}

/** The claims, when signature, issuer, audience and times are right; throws `unauthorized` INVALID_TOKEN or TOKEN_EXPIRED. */
export function verifiedClaims(token: string, key: KeyObject, expected: ExpectedClaims): VerifiedClaims {
  const nowSeconds = Math.floor(expected.nowMs / 1000);
  let claims: string | JwtPayload;
  try {
    claims = jsonwebtoken.verify(token, key, {
      algorithms: ["RS256"],
      issuer: expected.issuer,
      audience: expected.audience,
      clockTimestamp: nowSeconds,
      // Checked below, with the leeway.
      ignoreNotBefore: true,
    });
  } catch (error) {
    if (error instanceof jsonwebtoken.TokenExpiredError) throw unauthorized("The token has expired.", { reason: "TOKEN_EXPIRED" });
    throw invalidToken("does not verify", error);
  }
  if (typeof claims === "string" || typeof claims.exp !== "number") throw invalidToken("has no time of expiry");
  if (claims.iat !== undefined && claims.iat > nowSeconds + LEEWAY_SECONDS) throw invalidToken("was issued in the future");
  if (claims.nbf !== undefined && !(claims.nbf <= nowSeconds + LEEWAY_SECONDS)) throw invalidToken("is not good yet");
  return claims as VerifiedClaims;
}

/** What an unverified token of our own says of its times; nothing where it is no JWT. Never to be believed of anybody else's. */
export function claimsInside(token: string): { iat?: number; exp?: number } {
  const claims = jsonwebtoken.decode(token, { json: true });
  return { ...(typeof claims?.iat === "number" && { iat: claims.iat }), ...(typeof claims?.exp === "number" && { exp: claims.exp }) };
}

/** What is wrong stays a fixed text: nothing of the token may get into logs or answers. */
export function invalidToken(problem: string, cause?: unknown): PlinthError {
  return unauthorized(`The token ${problem}.`, { reason: "INVALID_TOKEN", ...(cause === undefined ? {} : { cause }) });
}
