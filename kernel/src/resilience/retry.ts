import { type Clock, systemClock } from "../base/clock.ts";
import { PlinthError } from "../base/errors.ts";
import type { RetryBudget } from "./retry-budget.ts";

export interface RetrySettings {
  /** Tries in all, the first one included. */
  readonly attempts: number;
  /** Upper bound of the first wait; it doubles with each further one. */
  readonly initialMs: number;
  /** No wait is longer, but for what the callee asks for by `retryAfterSeconds`. */
  readonly maxMs: number;
  /** No try begins later than this after the first one began. */
  readonly totalMs: number;
}

export const DEFAULT_RETRY: RetrySettings = { attempts: 3, initialMs: 100, maxMs: 2000, totalMs: 10_000 };

export interface RetryOptions {
  settings?: RetrySettings;
  /** Defaults to `isTransient`. */
  retryable?: (error: PlinthError) => boolean;
  /** Shared by all calls to one callee, so that retries cannot multiply its load. */
  budget?: RetryBudget;
  signal?: AbortSignal;
  /** Epoch milliseconds after which no try begins. */
  deadline?: number;
  clock?: Clock;
  random?: () => number;
}

/** True for failures that say nothing about the request itself: the same request may well succeed a moment later. */
export function isTransient(error: PlinthError): boolean {
  return (
    error.code === "SERVICE_UNAVAILABLE" ||
    error.code === "DEPENDENCY_FAILED" ||
    error.code === "TIMEOUT" ||
    (error.code === "RATE_LIMITED" && error.retryAfterSeconds !== undefined)
  );
}

/**
 * How long to wait after the `failed`th try (1 for the first). Full jitter: evenly spread from nothing to the exponential bound, because
 * callers that failed together would otherwise come back together.
 */
export function retryDelayMs(failed: number, settings: RetrySettings, random: () => number, retryAfterSeconds?: number): number {
  const bound = Math.min(settings.maxMs, settings.initialMs * 2 ** Math.min(failed - 1, 30));
  const jittered = random() * bound;
  return retryAfterSeconds === undefined ? jittered : retryAfterSeconds * 1000 + jittered;
}

/** Runs `work` until it succeeds, fails for good, or the bounds are reached; then the last error is thrown. */
export async function retry<T>(work: (attempt: number) => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { settings = DEFAULT_RETRY, retryable = isTransient, budget, signal, clock = systemClock, random = Math.random } = options;
  const began = clock.elapsed();
  budget?.deposit();
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (thrown) {
      const error = PlinthError.from(thrown);
      if (attempt >= settings.attempts || signal?.aborted || !retryable(error)) throw error;
      const delayMs = retryDelayMs(attempt, settings, random, error.retryAfterSeconds);
      if (clock.elapsed() - began + delayMs >= settings.totalMs) throw error;
      if (options.deadline !== undefined && clock.now() + delayMs >= options.deadline) throw error;
      if (budget !== undefined && !budget.withdraw()) throw error;
      try {
        await clock.sleep(delayMs, signal);
      } catch {
        throw error;
      }
    }
  }
}
