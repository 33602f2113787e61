import jsonwebtoken from "jsonwebtoken";
import { type Clock, systemClock } from "../base/clock.ts";
import type { ServiceIdentity } from "./identity.ts";
import { invalidToken } from "./jwt.ts";
import type { SigningKey } from "./module-keys.ts";
import type { ModulePublicKey, PublicKeys } from "./public-keys.ts";
import { MAX_TOKEN_LIFE_MS, SERVICE_TOKEN_ISSUER, USED_SHARE } from "./token-life.ts";
import { type AcceptedToken, createTokenVerifier, serviceClaims } from "./token-verifier.ts";

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

/** Service identity by a key pair for each module: the `keys` driver. */
export function createKeyIdentity(options: KeyIdentityOptions): ServiceIdentity {
  const { module, signingKey, publicKeys, clock = systemClock } = options;
  const lifeMs = Math.min(options.tokenLifeMs ?? MAX_TOKEN_LIFE_MS, MAX_TOKEN_LIFE_MS);
  const minted = new Map<string, Minted>();
  const verifier = createTokenVerifier({ keys: publicKeys, accept, clock });

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

  function accept(token: string, found: ModulePublicKey, nowMs: number): AcceptedToken {
    if (found.expMs <= nowMs) throw invalidToken("is signed with a key that was replaced");
    const claims = serviceClaims(token, found.key, { issuer: SERVICE_TOKEN_ISSUER, audience: module, nowMs });
    if (claims.sub !== found.module) throw invalidToken("names a caller whose key it is not signed with");
    if (claims.iat === undefined || claims.exp - claims.iat > MAX_TOKEN_LIFE_MS / 1000) throw invalidToken("lives longer than allowed");
    return { caller: found.module, expMs: Math.min(claims.exp * 1000, found.expMs) };
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
    verify: verifier.verify,
    async close() {
      minted.clear();
      verifier.clear();
    },
  };
}
