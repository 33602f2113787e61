import { type Clock, systemClock } from "../base/clock.ts";

export interface RateLimiterSettings {
  readonly perSecond: number;
  /** How many may come at once after a quiet time; one second's worth unless said otherwise. */
  readonly burst?: number;
}

/** A token bucket for one thing, such as the calls of this process to one callee. */
export interface RateLimiter {
  /** True: go on, a token was taken. */
  take(): boolean;
  /** Milliseconds until the next token. */
  readonly retryInMs: number;
  configure(settings: RateLimiterSettings): void;
}

export function createRateLimiter(initial: RateLimiterSettings, clock: Clock = systemClock): RateLimiter {
  let perMs = initial.perSecond / 1000;
  let burst = burstOf(initial);
  let tokens = burst;
  let filledAt = clock.elapsed();

  function fill(): void {
    const now = clock.elapsed();
    tokens = Math.min(burst, tokens + (now - filledAt) * perMs);
    filledAt = now;
  }

  return {
    take() {
      if (tokens < 1) {
        fill();
        if (tokens < 1) return false;
      }
      tokens--;
      return true;
    },
    get retryInMs() {
      fill();
      return tokens >= 1 ? 0 : (1 - tokens) / perMs;
    },
    configure(changed) {
      fill();
      perMs = changed.perSecond / 1000;
      burst = burstOf(changed);
      tokens = Math.min(tokens, burst);
    },
  };
}

function burstOf(settings: RateLimiterSettings): number {
  return Math.max(1, settings.burst ?? settings.perSecond);
}
