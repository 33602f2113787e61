import type { KeyObject } from "node:crypto";
import { LRUCache } from "lru-cache";
import { type Clock, systemClock } from "../base/clock.ts";
import { unauthorized, unavailable } from "../base/errors.ts";
import { DEFAULT_TENANT, type UserIdentity } from "../base/request-context.ts";
import type { Logger } from "../logging/logger.ts";
import type { UserTokens } from "./identity.ts";
import { readJwks } from "./jwks.ts";
import { invalidToken, keyIdOf, verifiedClaims } from "./jwt.ts";

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

/** Keys this old are looked up again in the background; a key that was withdrawn is refused from then on. */
const REFRESH_MS = 5 * 60_000;
/** Tokens that name unknown keys, which anybody can make, cause no more look-ups than this allows. */
const MIN_INTERVAL_MS = 1000;

/** Verifies access tokens by the issuer's public keys. While the issuer is away the last known keys are used. */
export function createUserTokens(options: UserTokensOptions): UserTokens {
  const { issuer, audience, logger, clock = systemClock } = options;
  const verified = new LRUCache<string, { user: UserIdentity; expMs: number }>({ max: options.maxTokens ?? 20_000 });
  let keys = new Map<string, { key: KeyObject; expMs: number }>();
  let triedAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  async function readKeys(): Promise<void> {
    triedAt = clock.elapsed();
    try {
      const found = readJwks(await options.jwks());
      const withdrawn = [...keys.keys()].some((kid) => !found.has(kid));
      keys = found;
      if (withdrawn) verified.clear();
    } catch (error) {
      logger.warn("The issuer's public keys cannot be read; the last known ones stay.", { issuer, known: keys.size, error });
    }
  }

  function readOnce(): Promise<void> {
    reading ??= readKeys().finally(() => {
      reading = undefined;
    });
    return reading;
  }

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
    if (reading !== undefined || clock.elapsed() - triedAt >= MIN_INTERVAL_MS) await readOnce();
    const found = keys.get(kid);
    if (found !== undefined) return verifyWith(token, found.key);
    if (keys.size > 0) throw invalidToken("is signed with an unknown key");
    throw unavailable("Access tokens cannot be verified now.", { reason: "TOKEN_KEYS_UNAVAILABLE", retryAfterSeconds: 1 });
  }

  return {
    verify(token) {
      if (clock.elapsed() - triedAt >= REFRESH_MS && keys.size > 0) void readOnce();
      const known = verified.get(token);
      if (known !== undefined) {
        if (known.expMs > clock.now()) return known.user;
        verified.delete(token);
        throw unauthorized("The token has expired.", { reason: "TOKEN_EXPIRED" });
      }
      const kid = keyIdOf(token);
      const found = keys.get(kid);
      return found === undefined ? verifyAfterRead(token, kid) : verifyWith(token, found.key);
    },
  };
}
