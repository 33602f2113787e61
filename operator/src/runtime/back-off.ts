import type { Clock } from "@plinth/kernel/base";

/** The wait after the first failure; it doubles with each further one. */
const MIN_MS = 5;
const MAX_MS = 300_000;

/** Up to a quarter is taken off at random: what failed together must not come back together. */
const JITTER = 0.25;

/** How many milliseconds to wait after so many failures in a row (1 for the first). */
export function backOffMs(failures: number, random: () => number): number {
  const whole = Math.min(MAX_MS, MIN_MS * 2 ** Math.min(failures - 1, 50));
  return Math.max(MIN_MS, Math.round(whole * (1 - JITTER * random())));
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
