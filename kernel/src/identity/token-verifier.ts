import type { KeyObject } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Clock } from "../base/clock.ts";
import { unauthorized } from "../base/errors.ts";
import { type ExpectedClaims, invalidToken, keyIdOf, type VerifiedClaims, verifiedClaims } from "./jwt.ts";

/** Public keys by their id, as both drivers have them. */
export interface KnownKeys<Key> {
  find(kid: string): Key | undefined;
  /** Looks again, for a key id that is not known. */
  refresh(): Promise<unknown>;
  /** Grows when what was verified before must be verified again. */
  readonly revision: number;
}

export interface TokenVerifierOptions<Key> {
  readonly keys: KnownKeys<Key>;
  /** Says who calls and how long that is good, or throws `unauthorized` INVALID_TOKEN. */
  readonly accept: (token: string, key: Key, nowMs: number) => AcceptedToken;
  readonly clock: Clock;
}

export interface AcceptedToken {
  readonly caller: string;
  readonly expMs: number;
}

export interface TokenVerifier {
  /** See `ServiceIdentity.verify`. */
  verify(token: string | undefined): string | Promise<string>;
  /** Forgets every result. */
  clear(): void;
}

/** Callers are few and their tokens live minutes; more tokens than this at a time are not honest ones. */
const VERIFIED_LIMIT = 2000;

/** Verifies service tokens and remembers the results: at once for a token that was seen before. */
export function createTokenVerifier<Key>({ keys, accept, clock }: TokenVerifierOptions<Key>): TokenVerifier {
  const verified = new LRUCache<string, AcceptedToken>({ max: VERIFIED_LIMIT });
  let verifiedRevision = keys.revision;

  function verifyWith(token: string, key: Key): string {
    const accepted = accept(token, key, clock.now());
    verified.set(token, accepted);
    return accepted.caller;
  }

  async function verifyAfterRefresh(token: string, kid: string): Promise<string> {
    await keys.refresh();
    const found = keys.find(kid);
    if (found === undefined) throw invalidToken("is signed with an unknown key");
    return verifyWith(token, found);
  }

  return {
    verify(token) {
      if (token === undefined || token === "") throw unauthorized("The call carries no service token.", { reason: "MISSING_TOKEN" });
      if (verifiedRevision !== keys.revision) {
        verified.clear();
        verifiedRevision = keys.revision;
      }
      const known = verified.get(token);
      if (known !== undefined && known.expMs > clock.now()) return known.caller;
      const kid = keyIdOf(token);
      const found = keys.find(kid);
      return found === undefined ? verifyAfterRefresh(token, kid) : verifyWith(token, found);
    },
    clear: () => verified.clear(),
  };
}

/** To a callee an expired service token is a wrong one: its caller is a program, which has no use for the finer reason. */
export function serviceClaims(token: string, key: KeyObject, expected: ExpectedClaims): VerifiedClaims {
  try {
    return verifiedClaims(token, key, expected);
  } catch (error) {
    throw invalidToken("does not verify", error);
  }
}
