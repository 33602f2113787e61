import { LRUCache } from "lru-cache";
import { type Clock, systemClock } from "../base/clock.ts";

export interface RateLimit {
  readonly requests: number;
  readonly perMs: number;
}

/** What the `RateLimit-*` headers say. */
export interface RateLimitAnswer {
  readonly allowed: boolean;
  readonly limit: number;
  /** How many more would be allowed at this moment. */
  readonly remaining: number;
  /** Milliseconds until the whole limit is there again. */
  readonly resetMs: number;
  /** Milliseconds until one more is allowed; 0 when this one was. */
  readonly retryAfterMs: number;
}

/**
 * A limit for each of many keys (user, address, account). Memory is bounded: of more keys than that the longest unused are forgotten
 * and begin afresh.
 */
export interface KeyedRateLimiter {
  /** Counts one request for `key`; a refused one does not count. Keys with different limits must differ. */
  take(key: string, limit: RateLimit): RateLimitAnswer;
  /** The same answer without counting: `allowed` says whether `take` would allow. */
  peek(key: string, limit: RateLimit): RateLimitAnswer;
  /** The key begins afresh, as after a successful login. */
  forget(key: string): void;
}

/**
 * GCRA: one number for each key, the time at which its bucket would be full again. The whole limit may come at once, after that one
 * each `perMs / requests`; there is no window edge at which twice the limit passes in a moment.
 */
export function createKeyedRateLimiter(options: { maxKeys?: number; clock?: Clock } = {}): KeyedRateLimiter {
  const clock = options.clock ?? systemClock;
  const fullAt = new LRUCache<string, number>({ max: options.maxKeys ?? 50_000 });

  function answer(key: string, limit: RateLimit, counts: boolean): RateLimitAnswer {
    const now = clock.elapsed();
    const interval = limit.perMs / limit.requests;
    const before = Math.max(fullAt.get(key) ?? now, now);
    const after = before + interval;
    // Half a microsecond of grace: sums of intervals such as 1000/3 do not add up to the whole.
    const early = after - now - limit.perMs - 0.0005;
    if (early > 0) return { allowed: false, limit: limit.requests, remaining: 0, resetMs: before - now, retryAfterMs: early };
    if (counts) fullAt.set(key, after);
    const resetMs = (counts ? after : before) - now;
    const remaining = Math.max(0, Math.floor((limit.perMs - resetMs) / interval + 1e-6));
    return { allowed: true, limit: limit.requests, remaining, resetMs, retryAfterMs: 0 };
  }

  return {
    take: (key, limit) => answer(key, limit, true),
    peek: (key, limit) => answer(key, limit, false),
    forget: (key) => void fullAt.delete(key),
  };
}
