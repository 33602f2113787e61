import type { KeyObject } from "node:crypto";
import { LRUCache } from "lru-cache";
import { type Clock, systemClock } from "../base/clock.ts";
import { unauthorized, unavailable } from "../base/errors.ts";
import { DEFAULT_TENANT, type UserIdentity } from "../base/request-context.ts";
import type { Logger } from "../logging/logger.ts";
import type { UserTokens } from "./identity.ts";
import { invalidToken, keyIdOf, verifiedClaims } from "./jwt.ts";
import { createRemoteKeys } from "./remote-keys.ts";

export interface UserTokensOptions {
  readonly issuer: string;
  readonly audience: string;
  /** The JWKS document of whoever issues the tokens; `fetchJwks` gets it by HTTP. */
  readonly jwks: () => Promise<unknown>;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** How many verified tokens are remembered. */
  readonly maxTokens?: number;
}

/** Verifies access tokens by the issuer's public keys. While the issuer is away the last known keys are used. */
export function createUserTokens(options: UserTokensOptions): UserTokens {
  const { issuer, audience, logger, clock = systemClock } = options;
  const verified = new LRUCache<string, { user: UserIdentity; expMs: number }>({ max: options.maxTokens ?? 20_000 });
  const keys = createRemoteKeys({ issuer, read: options.jwks, logger, clock });
  let verifiedRevision = keys.revision;

  function verifyWith(token: string, key: KeyObject): UserIdentity {
    const claims = verifiedClaims(token, key, { issuer, audience, nowMs: clock.now() });
    const { sub, email, roles, tenant_id: tenantId, sid } = claims;
    if (typeof sub !== "string" || sub === "") throw invalidToken("names no user");
    const user: UserIdentity = {
      id: sub,
      email: typeof email === "string" ? email : "",
      roles: Array.isArray(roles) ? roles.filter((role) => typeof role === "string") : [],
      tenantId: typeof tenantId === "string" && tenantId !== "" ? tenantId : DEFAULT_TENANT,
      sessionId: typeof sid === "string" ? sid : "",
      token,
    };
    verified.set(token, { user, expMs: claims.exp * 1000 });
    return user;
  }

  async function verifyAfterRead(token: string, kid: string): Promise<UserIdentity> {
    await keys.refresh();
    const found = keys.find(kid);
    if (found !== undefined) return verifyWith(token, found.key);
    if (keys.size > 0) throw invalidToken("is signed with an unknown key");
    throw unavailable("Access tokens cannot be verified now.", { reason: "TOKEN_KEYS_UNAVAILABLE", retryAfterSeconds: 1 });
  }

  return {
    verify(token) {
      keys.refreshWhenOld();
      if (verifiedRevision !== keys.revision) {
        verified.clear();
        verifiedRevision = keys.revision;
      }
      const known = verified.get(token);
      if (known !== undefined) {
        if (known.expMs > clock.now()) return known.user;
        verified.delete(token);
        throw unauthorized("The token has expired.", { reason: "TOKEN_EXPIRED" });
      }
      const kid = keyIdOf(token);
      const found = keys.find(kid);
      return found === undefined ? verifyAfterRead(token, kid) : verifyWith(token, found.key);
    },
  };
}
