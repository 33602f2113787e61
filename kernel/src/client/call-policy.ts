import type { CallGrant } from "@plinth/module";
import { type BreakerSettings, DEFAULT_BREAKER } from "../resilience/circuit-breaker.ts";
import { DEFAULT_RETRY, type RetrySettings } from "../resilience/retry.ts";

/** How calls to one module are made; what its `calls` entry does not say has a default. */
export interface CallPolicy {
  /** Of each try. The whole call is bounded by the caller's deadline and by the retries' total. */
  readonly timeoutMs: number;
  readonly retry: RetrySettings;
  readonly breaker: BreakerSettings;
  /** Tries per second of this process; unlimited where it is undefined. */
  readonly ratePerSecond: number | undefined;
}

export const DEFAULT_TIMEOUT_MS = 10_000;

/** Calls to one module that run at a time in this process. More means that the callee hangs, and memory fills with waiting calls. */
export const MAX_CALLS_AT_A_TIME = 1000;

export function callPolicy(grant: CallGrant): CallPolicy {
  const { retries, circuitBreaker } = grant;
  return {
    timeoutMs: grant.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    retry: {
      ...DEFAULT_RETRY,
      ...(retries !== undefined && { attempts: retries.attempts }),
      ...(retries?.initialMs !== undefined && { initialMs: retries.initialMs }),
      ...(retries?.maxMs !== undefined && { maxMs: retries.maxMs }),
    },
    breaker: {
      ...DEFAULT_BREAKER,
      ...(circuitBreaker?.failureThreshold !== undefined && { failuresInARow: circuitBreaker.failureThreshold }),
      ...(circuitBreaker?.recoveryTimeoutMs !== undefined && { openMs: circuitBreaker.recoveryTimeoutMs }),
    },
    ratePerSecond: grant.rateLimitPerSecond,
  };
}
