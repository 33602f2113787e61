import type { KeyObject } from "node:crypto";

/** An RSA key pair that signs access tokens. */
export interface SigningKey {
  /** Thumbprint of the public key (RFC 7638). */
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** It is published before this, so that every verifier knows it in time. */
  readonly signsFrom: Date;
  /** When the last of its tokens has expired; null for the newest. */
  readonly expiresAt: Date | null;
}

/** When a new key signs; undefined: none is needed. */
export type KeyPlan = { readonly signsFrom: Date } | undefined;

export interface SigningKeyStore {
  /** All whose tokens may still live, oldest first. Keys that cannot be decrypted are left out. */
  list(now: Date): Promise<SigningKey[]>;
  /**
   * Makes a key as `plan` says, and gives those before it their end. One at a time across all replicas, so `now` is
   * asked when it is this one's turn; answers all keys afterwards.
   */
  add(plan: (keys: readonly SigningKey[]) => KeyPlan, tokenLifetimeMs: number, now: () => Date): Promise<SigningKey[]>;
  removeExpired(now: Date): Promise<void>;
}

/**
 * Between publishing and signing by command. A verifier looks for an unknown key at most once a second, and a replica's key set may be
 * half a second old; what is left is for clocks that differ.
 */
export const COMMAND_LEAD_MS = 3000;
/** The same by schedule, where there is no hurry: enough for verifiers of others, which may keep a key set for long. */
export const SCHEDULE_LEAD_MS = 3_600_000;

/** The newest that may sign already; undefined where there is none. */
export function signerOf(keys: readonly SigningKey[], now: Date): SigningKey | undefined {
  return keys.findLast((key) => key.signsFrom <= now && (key.expiresAt === null || key.expiresAt > now));
}

/** There must be one to go on with from the start; one that has been given its end is none. */
export function firstKey(keys: readonly SigningKey[], now: Date): KeyPlan {
  return keys.some(({ expiresAt }) => expiresAt === null) ? undefined : { signsFrom: now };
}

/** Old enough to be replaced, and its successor is not there yet. */
export function scheduledKey(keys: readonly SigningKey[], rotationMs: number, now: Date): KeyPlan {
  const newest = keys.at(-1);
  if (newest === undefined) return { signsFrom: now };
  if (newest.signsFrom.getTime() + rotationMs > now.getTime()) return undefined;
  return { signsFrom: new Date(now.getTime() + SCHEDULE_LEAD_MS) };
}
