import { PlinthError } from "@plinth/kernel/base";
import type { RetryPolicy } from "@plinth/kernel/sagas";

// How often steps are tried, and what is an answer.

/** A neighbour that does not answer is asked again, but not for long: somebody waits. */
export const QUICK: RetryPolicy = { attempts: 4, initialMs: 50, maxMs: 1_000 };
/** A provider that does not say what became of a call is asked again for a while. */
export const PATIENT: RetryPolicy = { attempts: 8, initialMs: 200, maxMs: 5_000 };
/** Past the point of no return a step is tried until it succeeds. */
export const STEADY: RetryPolicy = { attempts: Number.POSITIVE_INFINITY, initialMs: 100, maxMs: 10_000 };

/** A refusal that will be one for ever; anything else is thrown again. */
export function definiteNo(error: unknown): PlinthError {
  const refusal = PlinthError.from(error);
  if (refusal.code === "CONFLICT" && refusal.retryAfterSeconds === undefined && !refusal.reason.startsWith("IDEMPOTENCY_")) return refusal;
  throw error;
}
