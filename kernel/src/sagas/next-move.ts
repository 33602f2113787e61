import type { PlinthError } from "../base/errors.ts";
import { isTransient } from "../resilience/retry.ts";
import { DEFAULT_STEP_RETRY, type SagaFailure, type SagaStep } from "./saga.ts";

// Pure: what a saga does next, whatever happened. The store writes it, the runner does it.

/** Of a step, what decides. */
type Step = Pick<SagaStep<object>, "name" | "retry" | "pointOfNoReturn"> & { readonly undo?: unknown; readonly undoneIfRefused?: boolean };
type Steps = readonly Step[];

/** Where a saga stands between two tries. */
export interface Position {
  readonly status: "running" | "turning-back";
  readonly step: string;
  /** Tries of this step that have failed. */
  readonly attempt: number;
  readonly failure: SagaFailure | undefined;
  /** How long this step may wait for word from outside; undefined before it first did. */
  readonly waitsUntil: Date | undefined;
}

export type Move =
  /** Nothing is done until somebody wakes the saga, or until then. */
  | { readonly kind: "wait"; readonly position: Position; readonly until: Date }
  | { readonly kind: "go"; readonly position: Position; readonly afterMs: number }
  | { readonly kind: "end"; readonly status: "done" | "turned-back"; readonly failure: SagaFailure | undefined };

/** After a step that went well, or was not needed. */
export function afterSuccess(steps: Steps, { status, step, failure }: Position): Move {
  const index = indexOf(steps, step);
  if (status === "turning-back") return undoFrom(steps, index - 1, failure as SagaFailure);
  const next = steps[index + 1];
  if (next === undefined) return { kind: "end", status: "done", failure: undefined };
  return { kind: "go", position: { status, step: next.name, attempt: 0, failure: undefined, waitsUntil: undefined }, afterMs: 0 };
}

/** After a step that waits for word from outside: once its time is over the saga turns back, beginning with this step. */
export function afterWaiting(steps: Steps, position: Position, atMostMs: number, now: Date): Move {
  const until = position.waitsUntil ?? new Date(now.getTime() + atMostMs);
  if (now < until) return { kind: "wait", position: { ...position, attempt: 0, waitsUntil: until }, until };
  const { step } = position;
  const message = `The time for the step "${step}" was over before anything came of it.`;
  // Word did not come from outside: no failure of ours, and the same request would not bring it.
  return undoFrom(steps, indexOf(steps, step), { step, code: "CONFLICT", reason: "WAITED_TOO_LONG", message, metadata: {} });
}

/**
 * After a step that threw. A definite refusal of the first try did nothing, unless the step says otherwise, so what is undone begins with the step before; any
 * other failure leaves open whether the step took effect, so it is undone as well. An undo, and whatever follows the point of no return, is tried again for ever.
 */
export function afterFailure(steps: Steps, position: Position, error: PlinthError, random: () => number): Move {
  const index = indexOf(steps, position.step);
  const step = steps[index] as Step;
  const attempt = position.attempt + 1;
  const again: Move = { kind: "go", position: { ...position, attempt }, afterMs: delayMs(step, attempt, error, random) };
  if (position.status === "turning-back" || isPastReturn(steps, index)) return again;
  // Only the first try tells: after one that failed, a refusal may be the answer to a request that took effect before. What is undone anyway need not tell.
  const refused = isRefusal(error) && (position.attempt === 0 || step.undoneIfRefused === true);
  if (!refused && attempt < (step.retry ?? DEFAULT_STEP_RETRY).attempts) return again;
  // Whoever waited had been told something before, so there is something to undo.
  const nothingDone = refused && position.waitsUntil === undefined && step.undoneIfRefused !== true;
  return undoFrom(steps, nothingDone ? index - 1 : index, failureOf(position.step, error));
}

/** What a callee says to a key under which something was done: by a request of ours whose answer never came. */
const DONE_BEFORE: ReadonlySet<string> = new Set(["IDEMPOTENCY_ANSWER_LOST", "IDEMPOTENCY_TAKEN_OVER"]);

/** A definite no: the same request would meet it again, and nothing was done. One that says when to come again is none. */
export function isRefusal(error: PlinthError): boolean {
  if (isTransient(error) || error.retryAfterSeconds !== undefined || DONE_BEFORE.has(error.reason)) return false;
  return error.code !== "INTERNAL_ERROR" && error.code !== "RATE_LIMITED";
}

/** Whether an earlier step has made the saga's outcome final. */
export function isPastReturn(steps: Steps, index: number): boolean {
  return steps.slice(0, index).some((step) => step.pointOfNoReturn === true);
}

function undoFrom(steps: Steps, index: number, failure: SagaFailure): Move {
  for (let at = index; at >= 0; at--) {
    const step = steps[at] as Step;
    if (step.undo === undefined) continue;
    return { kind: "go", position: { status: "turning-back", step: step.name, attempt: 0, failure, waitsUntil: undefined }, afterMs: 0 };
  }
  return { kind: "end", status: "turned-back", failure };
}

function indexOf(steps: Steps, name: string): number {
  const index = steps.findIndex((step) => step.name === name);
  if (index < 0) throw new Error(`This version of the saga has no step ${name}.`);
  return index;
}

/** Doubling, with half of it by chance: sagas that failed together do not come back together. */
function delayMs(step: Step, attempt: number, error: PlinthError, random: () => number): number {
  const { initialMs, maxMs } = step.retry ?? DEFAULT_STEP_RETRY;
  const bound = Math.min(maxMs, initialMs * 2 ** Math.min(attempt - 1, 30));
  return Math.max((error.retryAfterSeconds ?? 0) * 1000, Math.round(bound * (0.5 + random() / 2)));
}

function failureOf(step: string, error: PlinthError): SagaFailure {
  const { code, reason, message, metadata } = error;
  return { step, code, reason, message, metadata };
}
