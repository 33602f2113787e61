import type { Clock } from "@plinth/kernel/base";

export interface BackOffSettings {
  /** Wait after the first failure; it doubles with each further one. */
  readonly minMs: number;
  readonly maxMs: number;
}

export const DEFAULT_BACK_OFF: BackOffSettings = { minMs: 5, maxMs: 300_000 };

/** Up to a quarter is taken off at random: what failed together must not come back together. */
const JITTER = 0.25;

/** How many milliseconds to wait after so many failures in a row (1 for the first). */
export function backOffMs(failures: number, { minMs, maxMs }: BackOffSettings, random: () => number): number {
  const whole = Math.min(maxMs, minMs * 2 ** Math.min(failures - 1, 50));
  return Math.max(minMs, Math.round(whole * (1 - JITTER * random())));
}

export interface BucketSettings {
  readonly perSecond: number;
  /** How many may come at once after a quiet time. */
  readonly burst: number;
}

/** A token bucket that gives each token out in advance: the answer is how many milliseconds its holder has to wait. */
export function createBucket({ perSecond, burst }: BucketSettings, clock: Clock): () => number {
  const intervalMs = 1000 / perSecond;
  let freeAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = clock.elapsed();
    freeAt = Math.max(freeAt, now - burst * intervalMs) + intervalMs;
    return Math.max(0, freeAt - now);
  };
}
