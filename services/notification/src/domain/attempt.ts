import type { Delivery, Outgoing } from "./delivery.ts";

/** Attempts in all, and the wait between them, which doubles from `initialMs` up to `maxMs`. */
export interface RetryRules {
  readonly attempts: number;
  readonly initialMs: number;
  readonly maxMs: number;
}

/** The other side did not take a message. */
export class Undelivered extends Error {
  /** No further attempt can do better. */
  readonly permanent: boolean;
  /** What the other side asks to wait. */
  readonly retryAfterMs: number;

  constructor(message: string, options: { permanent?: boolean; retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "Undelivered";
    this.permanent = options.permanent ?? false;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

/** Hands one message to the other side; throws when that did not take it. Answers the other side's id for it, or "". */
export type Deliver = (outgoing: Outgoing, signal: AbortSignal) => Promise<string>;

/** How an attempt ended, as it is noted. */
export type AttemptResult =
  | { readonly status: "sent"; readonly providerId: string; readonly at: Date }
  | { readonly status: "pending"; readonly error: string; readonly nextAttemptAt: Date }
  | { readonly status: "failed"; readonly error: string };

const MAX_ERROR = 500;

/** What comes of a failed attempt. `delivery.attempts` counts it already. */
export function afterFailure(delivery: Delivery, thrown: unknown, rules: RetryRules, now: Date): AttemptResult {
  const error = (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, MAX_ERROR);
  const { permanent, retryAfterMs } = thrown instanceof Undelivered ? thrown : { permanent: false, retryAfterMs: 0 };
  if (permanent || delivery.attempts >= rules.attempts) return { status: "failed", error };
  const wait = Math.min(rules.maxMs, Math.max(rules.initialMs * 2 ** (delivery.attempts - 1), retryAfterMs));
  return { status: "pending", error, nextAttemptAt: new Date(now.getTime() + wait) };
}

/** What the job that delivers needs of the log; each call is a transaction of its own. */
export interface AttemptStore {
  /**
   * Counts an attempt and keeps others from making one for `leaseMs`. Undefined: there is nothing to do. A date: somebody else is at
   * it, or died at it; look again then.
   */
  begin(id: string, now: Date, leaseMs: number): Promise<Outgoing | Date | undefined>;
  /** Notes the result, and queues the next attempt where there is one. */
  finish(id: string, result: AttemptResult): Promise<void>;
  lookAgain(id: string, at: Date): Promise<void>;
}
