import { hash } from "node:crypto";
import { DEFAULT_TENANT, type PlinthError, unauthorized } from "@plinth/kernel/base";
import jsonwebtoken, { type JwtPayload } from "jsonwebtoken";
import { LRUCache } from "lru-cache";
import type { AccessClaims, AccessTokens } from "../domain/access-token.ts";
import type { SigningKey } from "../domain/signing-key.ts";
import type { KeyRing } from "./key-ring.ts";

export interface AccessTokenOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly now: () => Date;
  /** Verified tokens that are remembered, by hash. */
  readonly remembered?: number;
}

const MAX_LENGTH = 8192;

/** RS256 JWTs, signed and verified with the keys of the ring. */
export function createAccessTokens(ring: Pick<KeyRing, "signer" | "find" | "findAnew">, options: AccessTokenOptions): AccessTokens {
  const { issuer, audience, now } = options;
  const verified = new LRUCache<string, AccessClaims>({ max: options.remembered ?? 50_000 });

  function verifyWith(token: string, digest: string, key: SigningKey | undefined): AccessClaims {
    if (key === undefined) throw invalidToken("is signed with an unknown key");
    const claims = readClaims(token, key, { issuer, audience, nowMs: now().getTime() });
    verified.set(digest, claims);
    return claims;
  }

  return {
    issue({ userId, email, roles, tenantId, sessionId, tokenId, issuedAt, expiresAt }) {
      const { privateKey, kid } = ring.signer();
      const claims = { iss: issuer, aud: audience, sub: userId, email, roles, tenant_id: tenantId, sid: sessionId };
      const payload = { ...claims, iat: issuedAt, exp: expiresAt, jti: tokenId };
      return jsonwebtoken.sign(payload, privateKey, { algorithm: "RS256", keyid: kid });
    },
    verify(token) {
      if (token.length > MAX_LENGTH) throw invalidToken("is too long");
      const digest = hash("sha256", token, "base64");
      const known = verified.get(digest);
      if (known !== undefined) {
        if (known.expiresAt * 1000 > now().getTime()) return known;
        verified.delete(digest);
        throw expired();
      }
      const kid = keyIdOf(token);
      const key = ring.find(kid);
      return key !== undefined ? verifyWith(token, digest, key) : ring.findAnew(kid).then((found) => verifyWith(token, digest, found));
    },
  };
}

/** Refuses all but RS256 before a key is looked for: `none` and HS256 must never meet a public key. */
function keyIdOf(token: string): string {
  let header: { alg?: unknown; kid?: unknown } | null;
  try {
    header = JSON.parse(Buffer.from(token.slice(0, Math.max(0, token.indexOf("."))), "base64url").toString());
  } catch {
    throw invalidToken("is no JWT");
  }
  if (header?.alg !== "RS256" || typeof header.kid !== "string") throw invalidToken("is no JWT of ours");
  return header.kid;
}

function readClaims(token: string, key: SigningKey, expected: { issuer: string; audience: string; nowMs: number }): AccessClaims {
  const { issuer, audience, nowMs } = expected;
  let claims: JwtPayload | string;
  try {
    claims = jsonwebtoken.verify(token, key.publicKey, {
      algorithms: ["RS256"],
      issuer,
      audience,
      clockTimestamp: Math.floor(nowMs / 1000),
    });
  } catch (error) {
    throw error instanceof jsonwebtoken.TokenExpiredError ? expired() : invalidToken("does not verify", error);
  }
  if (typeof claims === "string" || typeof claims.sub !== "string" || typeof claims.exp !== "number") throw invalidToken("lacks claims");
  const { sub, email, roles, tenant_id: tenantId, sid, jti, iat, exp } = claims;
  return {
    userId: sub,
    email: typeof email === "string" ? email : "",
    roles: Array.isArray(roles) ? roles.filter((role) => typeof role === "string") : [],
    tenantId: typeof tenantId === "string" ? tenantId : DEFAULT_TENANT,
    sessionId: typeof sid === "string" ? sid : "",
    tokenId: jti ?? "",
    issuedAt: iat ?? 0,
    expiresAt: exp,
  };
}

/** What is wrong stays a fixed text: nothing of the token may get into logs or answers. */
function invalidToken(problem: string, cause?: unknown): PlinthError {
  return unauthorized(`The token ${problem}.`, { reason: "INVALID_TOKEN", ...(cause === undefined ? {} : { cause }) });
}

function expired(): PlinthError {
  return unauthorized("The token has expired.", { reason: "TOKEN_EXPIRED" });
}
