import { createHash } from "node:crypto";

/**
 * What holds password guessing back. Wrong passwords are counted for each account and network, and for the account from all networks
 * together; after some of them the next attempt has to wait, twice as long each time. A network from which the user has signed in before
 * waits for neither and has a limit of its own, so that nobody can lock a user out at home, however long he goes on trying elsewhere.
 * Unknown accounts are guarded alike, or the guard would tell them apart.
 */
export interface Guard {
  readonly failures: number;
  readonly failedAt: Date | null;
  readonly lockedUntil: Date | null;
  /** GCRA: when the whole limit is there again. */
  readonly fullAt: Date | null;
  /** The last success from this network; null in the account's own guard. */
  readonly succeededAt: Date | null;
}

/** The guard of an account for all networks without a success, and its guard for the network of the attempt. */
export interface Guards {
  readonly account: Guard;
  readonly network: Guard;
}

export interface GuardPolicy {
  /** Wrong passwords from one network before the first wait. */
  readonly failures: number;
  readonly initialMs: number;
  readonly maxMs: number;
  /** Attempts, right or wrong. */
  readonly requests: number;
  readonly perMs: number;
}

export const FRESH_GUARD: Guard = { failures: 0, failedAt: null, lockedUntil: null, fullAt: null, succeededAt: null };

/** The account as a whole waits after so many times more failures than one network. */
const ACCOUNT_FACTOR = 4;
/** Failures older than this are forgiven. */
const FORGIVEN_MS = 24 * 3_600_000;

/** What an account is known by in guards and audit entries: an address that is no account must not be kept. */
export function accountKey(email: string): Buffer {
  return createHash("sha256").update(email.trim().normalize("NFKC").toLowerCase()).digest();
}

export type Admission = { readonly admitted: true; readonly guards: Guards } | { readonly admitted: false; readonly retryAfterMs: number };

/** Decides about one attempt and counts it; one that has to wait does not count. */
export function admitAttempt(guards: Guards, policy: GuardPolicy, now: Date): Admission {
  const known = isKnown(guards);
  const waitMs = known ? 0 : Math.max(remainingMs(guards.account.lockedUntil, now), remainingMs(guards.network.lockedUntil, now));
  if (waitMs > 0) return { admitted: false, retryAfterMs: waitMs };
  const bucket = known ? guards.network : guards.account;
  const fullAt = Math.max(bucket.fullAt?.getTime() ?? 0, now.getTime()) + policy.perMs / policy.requests;
  const early = fullAt - now.getTime() - policy.perMs;
  // Dates have whole milliseconds: a fraction of one must not cost an attempt.
  if (early >= 1) return { admitted: false, retryAfterMs: early };
  const counted = { ...bucket, fullAt: new Date(fullAt) };
  return { admitted: true, guards: known ? { ...guards, network: counted } : { ...guards, account: counted } };
}

/** After a wrong password. `lockedOut` once, when waiting begins. */
export function noteFailure(guards: Guards, policy: GuardPolicy, now: Date): { guards: Guards; lockedOut: boolean } {
  if (isKnown(guards))
    return { guards: { ...guards, network: failed(guards.network, Number.POSITIVE_INFINITY, policy, now) }, lockedOut: false };
  const network = failed(guards.network, policy.failures, policy, now);
  const account = failed(guards.account, policy.failures * ACCOUNT_FACTOR, policy, now);
  const lockedOut = network.failures === policy.failures || account.failures === policy.failures * ACCOUNT_FACTOR;
  return { guards: { account, network }, lockedOut };
}

/** After everything was right. The account's own guard stays: it is not this network that tries its passwords. */
export function noteSuccess(guards: Guards, now: Date): Guards {
  return { ...guards, network: { ...guards.network, failures: 0, failedAt: null, lockedUntil: null, succeededAt: now } };
}

function isKnown({ network }: Guards): boolean {
  return network.succeededAt !== null;
}

function failed(guard: Guard, threshold: number, policy: GuardPolicy, now: Date): Guard {
  const forgiven = guard.failedAt !== null && now.getTime() - guard.failedAt.getTime() > FORGIVEN_MS;
  const failures = (forgiven ? 0 : guard.failures) + 1;
  const waitMs = failures < threshold ? 0 : Math.min(policy.maxMs, policy.initialMs * 2 ** Math.min(failures - threshold, 50));
  return { ...guard, failures, failedAt: now, lockedUntil: waitMs === 0 ? null : new Date(now.getTime() + waitMs) };
}

function remainingMs(until: Date | null, now: Date): number {
  return until === null ? 0 : Math.max(0, until.getTime() - now.getTime());
}
