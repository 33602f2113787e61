import type { Statement, Transaction } from "../database/database.ts";
import type { PreparedStart } from "./prepared-sql.ts";
import type { Saga, SagaDefinition, SagaEntry } from "./saga.ts";
import type { SagaRow } from "./saga-store.ts";

export interface RunOptions {
  /** Unique within the saga's name and the tenant; a second run under the same key is the same saga, as long as that is kept. */
  readonly key: string;
  /** How long to wait for its end; it goes on afterwards. */
  readonly waitMs: number;
}

/** A saga's timeline: how it stands, and each try of each step. */
export interface SagaTimeline<State> {
  readonly saga: Saga<State>;
  readonly entries: readonly SagaEntry[];
}

/** How a module runs one kind of saga. */
export interface SagaRunner<Input, State extends object> {
  /**
   * Begins the saga and works on it at once. Answers how it stands after `waitMs`, or when it has ended or waits for word from outside; a failure is told in
   * the answer, not thrown. An input that is a function is worked out in the transaction in which the saga begins: what it writes is there if and only if
   * the saga is, and what it throws is thrown. VALIDATION_ERROR, reason IDEMPOTENCY_CONFLICT, when the key was used with another input.
   */
  run(input: Input | ((tx: Transaction) => Promise<Input>), options: RunOptions): Promise<Saga<State>>;
  /**
   * As `run`, by one statement that writes something else as well: `write` sends it, and answers the row that `start.insert` gives. Undefined where it gives none:
   * then nothing has begun.
   */
  runBy(
    input: Input,
    options: RunOptions,
    write: (tx: Statement, start: PreparedStart) => Promise<SagaRow | undefined>,
  ): Promise<Saga<State> | undefined>;
  /** Begins it in the caller's transaction: it is worked on if and only if `tx` commits. False where it was begun before. */
  start(tx: Transaction, input: Input, options: { readonly key: string }): Promise<boolean>;
  /**
   * Tells a saga that waits that something has happened: the step that waits is called again within a second, if `tx` commits. A saga that does not
   * wait yet does not begin to before the word was heard. False where there is none that has not ended.
   */
  wake(tx: Transaction, key: string): Promise<boolean>;
  /** Wakes it, works on it at once, and answers as `run` does; undefined where there is none. */
  resume(key: string, options: { readonly waitMs: number }): Promise<Saga<State> | undefined>;
  find(key: string): Promise<Saga<State> | undefined>;
  timeline(key: string): Promise<SagaTimeline<State> | undefined>;
}

/** All sagas of a module. Whatever a dead process leaves is taken up by any other within seconds. */
export interface Sagas {
  /** Before `start`. */
  define<Input, State extends object>(definition: SagaDefinition<Input, State>): SagaRunner<Input, State>;
  readonly defined: boolean;
  /** Removes what ended longer ago than this, ms, with its timeline, in batches; what its definition keeps stays. Answers how many. */
  removeFinished(olderThanMs: number): Promise<number>;
  start(): Promise<void>;
  /** Ends after the steps in hand; what is unfinished goes to other replicas, or waits for the next start. */
  stop(): Promise<void>;
}
