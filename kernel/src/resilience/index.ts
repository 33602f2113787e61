export { type Bulkhead, type BulkheadSettings, createBulkhead } from "./bulkhead.ts";
export {
  type BreakerSettings,
  type BreakerState,
  type CircuitBreaker,
  createCircuitBreaker,
  DEFAULT_BREAKER,
  type Outcome,
} from "./circuit-breaker.ts";
export { type DeadlineSignal, deadlineSignal, earlierDeadline, remainingMs } from "./deadline.ts";
export { createKeyedRateLimiter, type KeyedRateLimiter, type RateLimit, type RateLimitAnswer } from "./keyed-rate-limiter.ts";
export { createRateLimiter, type RateLimiter, type RateLimiterSettings } from "./rate-limiter.ts";
export { DEFAULT_RETRY, isTransient, type RetryOptions, type RetrySettings, retry, retryDelayMs } from "./retry.ts";
export { createRetryBudget, type RetryBudget, type RetryBudgetOptions } from "./retry-budget.ts";
