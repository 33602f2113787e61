import { type Clock, systemClock } from "../base/clock.ts";

/** Lets requests through at a bounded rate, in the order in which they come. */
export interface RequestLimiter {
  /** Resolves when the request may go; rejects with the signal's reason when it aborts first. */
  admit(signal?: AbortSignal): Promise<void>;
}

/** A token bucket. Each client has its own: a storm of writes must not keep the Lease from being renewed. */
export function createRequestLimiter(settings: { perSecond: number; burst: number }, clock: Clock = systemClock): RequestLimiter {
  const perMs = settings.perSecond / 1000;
  let tokens = settings.burst;
  let filledAt = clock.elapsed();
  return {
    async admit(signal) {
      const now = clock.elapsed();
      tokens = Math.min(settings.burst, tokens + (now - filledAt) * perMs);
      filledAt = now;
      // Below zero the bucket is lent to those who wait, each for its own time.
      tokens--;
      if (tokens >= 0) return;
      try {
        await clock.sleep(-tokens / perMs, signal);
      } catch (error) {
        tokens++;
        throw error;
      }
    },
  };
}
