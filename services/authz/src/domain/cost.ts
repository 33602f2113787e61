/**
 * What evaluations may cost. One step is one turn of a loop in an expression, or a stretch of text for a regular
 * expression; some hundred nanoseconds.
 */

/** Of one evaluation. */
export const MAX_EXPRESSION_STEPS = 2500;
/** Of all evaluations for one request. */
export const MAX_REQUEST_STEPS = 100_000;

/** Steps that are left to a request; every evaluation takes at least one. */
export interface Meter {
  left: number;
}

export function newMeter(): Meter {
  return { left: MAX_REQUEST_STEPS };
}
