import type { PlinthError } from "../base/errors.ts";
import type { Statement, Transaction } from "../database/database.ts";
import type { PreparedNote } from "./prepared-sql.ts";

/** What a step is told beside the saga's state. */
export interface StepInHand {
  readonly sagaId: string;
  /** The key under which the saga was started. */
  readonly key: string;
  readonly tenantId: string;
  /** The same at each try of the step, and another one for its compensation: send it along as the Idempotency-Key. */
  readonly idempotencyKey: string;
  /** 1 on the first try. */
  readonly attempt: number;
  /** True: an earlier try of this step answered `waiting`, and somebody has woken the saga since, or its time is over. */
  readonly waited: boolean;
  /** Aborts at the step's time limit, and when the service stops. */
  readonly signal: AbortSignal;
}

/** What a step adds to the saga's state; JSON. */
// biome-ignore lint/suspicious/noConfusingVoidType: a step that learns nothing returns nothing
export type Learned<State> = Partial<State> | undefined | void;

/** A step's answer that there is nothing to go on with until somebody wakes the saga. */
export class Waiting<State> {
  readonly learned: Partial<State>;

  constructor(learned: Partial<State>) {
    this.learned = learned;
  }
}

/** What a step answers that waits for word from outside: what it has learned so far. It is called again when it is woken, and when its time is over. */
export function waiting<State>(learned: Partial<State> = {}): Waiting<State> {
  return new Waiting(learned);
}

export interface RetryPolicy {
  /** Tries in all, before the saga turns back; past the point of no return they go on for ever. */
  readonly attempts: number;
  /** Wait after the first failure, ms; it doubles. */
  readonly initialMs: number;
  readonly maxMs: number;
}

interface StepBase<State> {
  readonly name: string;
  /** Longest time that one try may take, ms. */
  readonly timeoutMs: number;
  readonly retry?: RetryPolicy;
  /** Skips the step; asked with the state as it is then. */
  readonly when?: (state: State) => boolean;
  /** Once this step has succeeded nothing is undone any more: what follows is tried until it succeeds. */
  readonly pointOfNoReturn?: boolean;
}

/**
 * A step that calls somebody else. It may run more than once with the same `idempotencyKey`, and its compensation may be asked to undo what
 * never arrived: a lost answer leaves both possible.
 */
export interface CallStep<State> extends StepBase<State> {
  readonly call: (state: State, step: StepInHand) => Promise<Learned<State> | Waiting<State>>;
  /** How long the step may answer `waiting`, ms from the first time; then the saga turns back, and the step is undone as well. */
  readonly waitsAtMostMs?: number;
  readonly undo?: (state: State, step: StepInHand) => Promise<void>;
  /** True: a refusal leaves something behind as well, so that the step is undone after one, too. */
  readonly undoneIfRefused?: boolean;
}

/** A step in the own schema: what it writes and the note that it is done commit together, so that it takes effect once. */
export interface LocalStep<State> extends StepBase<State> {
  readonly write: (state: State, tx: Transaction, step: StepInHand) => Promise<Learned<State>>;
  readonly undo?: (state: State, tx: Transaction, step: StepInHand) => Promise<void>;
}

/** A step in the own schema that is one statement, and writes the note that it is done in the same one: a transaction of its own costs no begin and commit. */
export interface StatementStep<State> extends StepBase<State> {
  /** What the saga learns by it is known before: the statement writes it. */
  readonly learns: (state: State) => Learned<State>;
  /** Answers the rows of `moved` in the note: none where the saga has gone on meanwhile, and nothing was written. */
  readonly statement: (state: State, tx: Statement, note: PreparedNote, step: StepInHand) => Promise<readonly object[]>;
  readonly undo?: undefined;
}

export type SagaStep<State> = CallStep<State> | LocalStep<State> | StatementStep<State>;

/**
 * A business process over several services as a list of steps. A step that is refused (a definite answer) or that fails too often turns the saga
 * back: what was done is undone in reverse order, by `undo`, until that has succeeded.
 */
export interface SagaDefinition<Input, State extends object> {
  readonly name: string;
  /** The state that it begins with. */
  readonly begin: (input: Input) => State;
  readonly steps: readonly SagaStep<State>[];
  /** Runs once in the transaction that ends a saga turned back, after all was undone. */
  readonly turnedBack?: (state: State, tx: Transaction, failure: SagaFailure) => Promise<void>;
  /** True: one that has ended is never removed, so that nothing is done a second time under its key. */
  readonly keptForEver?: boolean;
}

/** Why a saga was turned back. */
export interface SagaFailure {
  readonly step: string;
  readonly code: PlinthError["code"];
  readonly reason: string;
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export type SagaStatus = "running" | "turning-back" | "done" | "turned-back";

/** A saga as it stands. */
export interface Saga<State> {
  readonly id: string;
  readonly name: string;
  readonly key: string;
  readonly status: SagaStatus;
  readonly state: State;
  /** The step that comes next, or that is being undone; undefined once it has ended. */
  readonly step: string | undefined;
  readonly failure: SagaFailure | undefined;
  /** While it waits for word from outside: until when. */
  readonly waitsUntil: Date | undefined;
  readonly createdAt: Date;
  readonly finishedAt: Date | undefined;
}

/** One try of one step, as the timeline shows it. */
export interface SagaEntry {
  readonly step: string;
  readonly direction: "do" | "undo";
  readonly attempt: number;
  readonly outcome: "done" | "skipped" | "waiting" | "refused" | "failed";
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly error: string | undefined;
  readonly traceId: string | undefined;
}

export const DEFAULT_STEP_RETRY: RetryPolicy = { attempts: 4, initialMs: 100, maxMs: 2_000 };

/** Checks a definition once, at start: names are what a stored saga finds its way by. */
export function defineSaga<Input, State extends object>(definition: SagaDefinition<Input, State>): SagaDefinition<Input, State> {
  const { name, steps } = definition;
  const names = steps.map((step) => step.name);
  const twice = names.find((step, index) => names.indexOf(step) !== index);
  if (twice !== undefined) throw new Error(`Saga ${name} has two steps named ${twice}; give each a name of its own.`);
  if (steps.length === 0) throw new Error(`Saga ${name} has no steps.`);
  const final = steps.findIndex((step) => step.pointOfNoReturn);
  const vain = final < 0 ? undefined : steps.slice(final).find((step) => step.undo !== undefined);
  const patient = final < 0 ? undefined : steps.slice(final).find((step) => "waitsAtMostMs" in step);
  if (patient !== undefined)
    throw new Error(`Saga ${name}: ${patient.name} is past the point of no return, where waiting could not end in turning back.`);
  if (vain !== undefined) throw new Error(`Saga ${name}: ${vain.name} is past the point of no return, so its undo would never run.`);
  return definition;
}
