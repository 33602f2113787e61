export interface RetryBudgetOptions {
  /** Retries allowed for each request: 0.2 lets one in five be a retry. */
  ratio?: number;
  /** Retries allowed at the start, and the most that quiet times save up. */
  reserve?: number;
}

/**
 * Bounds retries to a share of the requests. Where a callee is down, every request fails and would be tried three times: the budget
 * keeps that from tripling the load just when it can be borne least.
 */
export interface RetryBudget {
  /** Once for each request, not for its retries. */
  deposit(): void;
  /** Before each retry; false: the budget is spent, do not retry. */
  withdraw(): boolean;
}

export function createRetryBudget(options: RetryBudgetOptions = {}): RetryBudget {
  const ratio = options.ratio ?? 0.2;
  const reserve = options.reserve ?? 10;
  let tokens = reserve;
  return {
    deposit() {
      if (tokens < reserve) tokens = Math.min(reserve, tokens + ratio);
    },
    withdraw() {
      // Sums of 0.2 fall short of 1 by rounding.
      if (tokens < 1 - 1e-9) return false;
      tokens = Math.max(0, tokens - 1);
      return true;
    },
  };
}
