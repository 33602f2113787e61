import jsonwebtoken from "jsonwebtoken";
import { LRUCache } from "lru-cache";
import { type Clock, systemClock } from "../base/clock.ts";
import { unauthorized } from "../base/errors.ts";
import type { ServiceIdentity } from "./identity.ts";
import { invalidToken, keyIdOf, verifiedClaims } from "./jwt.ts";
import type { SigningKey } from "./module-keys.ts";
import type { ModulePublicKey, PublicKeys } from "./public-keys.ts";
import { MAX_TOKEN_LIFE_MS, SERVICE_TOKEN_ISSUER, USED_SHARE } from "./token-life.ts";

export interface KeyIdentityOptions {
  readonly module: string;
  /** The key that signs now; asked once for each new token. `readSigningKey` reads it from a folder. */
  readonly signingKey: () => Promise<SigningKey>;
  readonly publicKeys: PublicKeys;
  readonly clock?: Clock;
  /** At most MAX_TOKEN_LIFE_MS. */
  readonly tokenLifeMs?: number;
}

interface Minted {
  token: string;
  refreshAt: number;
  expiresAt: number;
  minting: Promise<string> | undefined;
}

/** Callers are few and their tokens live four minutes; more tokens than this at a time are not honest ones. */
const VERIFIED_LIMIT = 2000;

/** Service identity by a key pair for each module: the `keys` driver. */
export function createKeyIdentity(options: KeyIdentityOptions): ServiceIdentity {
  const { module, signingKey, publicKeys, clock = systemClock } = options;
  const lifeMs = Math.min(options.tokenLifeMs ?? MAX_TOKEN_LIFE_MS, MAX_TOKEN_LIFE_MS);
  const minted = new Map<string, Minted>();
  const verified = new LRUCache<string, { caller: string; expMs: number }>({ max: VERIFIED_LIMIT });
  let verifiedRevision = publicKeys.revision;

  async function mint(callee: string, entry: Minted): Promise<string> {
    const { key, kid } = await signingKey();
    const issuedAt = Math.floor(clock.now() / 1000);
    const expiresAt = issuedAt + Math.floor(lifeMs / 1000);
    const claims = { iss: SERVICE_TOKEN_ISSUER, sub: module, aud: callee, iat: issuedAt, exp: expiresAt };
    entry.token = jsonwebtoken.sign(claims, key, { algorithm: "RS256", keyid: kid });
    entry.refreshAt = clock.now() + lifeMs * USED_SHARE;
    entry.expiresAt = expiresAt * 1000;
    return entry.token;
  }

  /** One at a time for each callee; a failed one is tried again by the next call. */
  function mintOnce(callee: string, entry: Minted): Promise<string> {
    entry.minting ??= mint(callee, entry).finally(() => {
      entry.minting = undefined;
    });
    return entry.minting;
  }

  function verifyWith(token: string, found: ModulePublicKey): string {
    const now = clock.now();
    if (found.expMs <= now) throw invalidToken("is signed with a key that was replaced");
    const claims = claimsOf(token, found, { issuer: SERVICE_TOKEN_ISSUER, audience: module, nowMs: now });
    if (claims.sub !== found.module) throw invalidToken("names a caller whose key it is not signed with");
    if (claims.iat === undefined || claims.exp - claims.iat > MAX_TOKEN_LIFE_MS / 1000) throw invalidToken("lives longer than allowed");
    verified.set(token, { caller: found.module, expMs: Math.min(claims.exp * 1000, found.expMs) });
    return found.module;
  }

  async function verifyAfterRefresh(token: string, kid: string): Promise<string> {
    await publicKeys.refresh();
    const found = publicKeys.find(kid);
    if (found === undefined) throw invalidToken("is signed with an unknown key");
    return verifyWith(token, found);
  }

  return {
    tokenFor(callee) {
      let entry = minted.get(callee);
      if (entry === undefined) {
        entry = { token: "", refreshAt: 0, expiresAt: 0, minting: undefined };
        minted.set(callee, entry);
      }
      const now = clock.now();
      if (now < entry.refreshAt) return entry.token;
      const renewed = mintOnce(callee, entry);
      if (now >= entry.expiresAt - 1000) return renewed;
      // Refreshed ahead: the old one still serves, and a failure now is tried again by the next call.
      renewed.catch(() => undefined);
      return entry.token;
    },
    verify(token) {
      if (token === undefined || token === "") throw unauthorized("The call carries no service token.", { reason: "MISSING_TOKEN" });
      if (verifiedRevision !== publicKeys.revision) {
        verified.clear();
        verifiedRevision = publicKeys.revision;
      }
      const known = verified.get(token);
      if (known !== undefined && known.expMs > clock.now()) return known.caller;
      const kid = keyIdOf(token);
      const found = publicKeys.find(kid);
      return found === undefined ? verifyAfterRefresh(token, kid) : verifyWith(token, found);
    },
    async close() {
      minted.clear();
      verified.clear();
    },
  };
}

/** To a callee an expired service token is a wrong one: its caller is a program, which has no use for the finer reason. */
function claimsOf(token: string, found: ModulePublicKey, expected: { issuer: string; audience: string; nowMs: number }) {
  try {
    return verifiedClaims(token, found.key, expected);
  } catch (error) {
    throw invalidToken("does not verify", error);
  }
}
