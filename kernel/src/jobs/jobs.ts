import type { Statement, Transaction } from "../database/database.ts";

/** What a handler is told beside its payload. */
export interface JobInHand {
  readonly id: string;
  readonly name: string;
  /** 1 on the first try. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** Aborts when the service stops and has waited long enough; the job is tried again elsewhere then. */
  readonly signal: AbortSignal;
}

/**
 * Does the work of one job. It runs in the tenant and trace of whoever enqueued it. It may run more than once (a
 * process can die just before its success is noted), so a repetition must do no harm.
 */
export type JobHandler<Payload> = (payload: Payload, job: JobInHand) => Promise<void>;

export interface JobOptions {
  /** Tries before the job is left among the failed ones. The wait between them grows e-fold from 1 s to 6 h: 12 tries last 15 hours. */
  readonly maxAttempts?: number;
  /** One at a time across all replicas, in order of enqueueing; the next may begin up to 2 s after the one before. */
  readonly serial?: boolean;
}

export interface EnqueueOptions {
  /** Not before this moment. */
  readonly runAt?: Date;
  /** A waiting job of the same name and key is replaced, so that one of them runs. Also what `cancel` takes. */
  readonly uniqueKey?: string;
  readonly maxAttempts?: number;
  /** Smaller runs first; 0 unless said. */
  readonly priority?: number;
}

/** A job for a statement that enqueues it itself, beside what else it writes. */
export interface PreparedJob {
  /**
   * SQL that enqueues the job and answers a row with its `id`, with `values` as its parameters from `$first` on: the only row of a scalar or a lateral
   * subquery, `(select id from made, lateral (${job.subquery(4)}) as job)`.
   */
  subquery(first: number): string;
  readonly values: readonly unknown[];
}

/** A job that has used up its tries. */
export interface FailedJob {
  readonly id: string;
  readonly name: string;
  readonly payload: unknown;
  readonly tenantId: string;
  readonly attempts: number;
  readonly lastError: string;
  readonly createdAt: Date;
  readonly lastTriedAt: Date;
}

export interface JobCounts {
  /** Ready to run or waiting for their time. */
  readonly waiting: number;
  readonly running: number;
  readonly failed: number;
}

/** Work of one module to be done later, once, by whichever replica is free. */
export interface Jobs {
  /** Before `start`. */
  define<Payload>(name: string, handler: JobHandler<Payload>, options?: JobOptions): void;
  /**
   * Runs `handler` at the minutes `pattern` names (five fields, UTC), once across all replicas. A time missed within
   * the last hour is made up for after a restart; several missed ones together run once. Before `start`.
   */
  cron(name: string, pattern: string, handler: (job: JobInHand) => Promise<void>, options?: JobOptions): void;
  /** Enqueues in the caller's transaction: the job exists if and only if `tx` commits. Answers its id. */
  enqueue(tx: Transaction, name: string, payload: unknown, options?: EnqueueOptions): Promise<string>;
  /** The same for a statement that writes something else as well. */
  prepare(tx: Statement, name: string, payload: unknown, options?: EnqueueOptions): PreparedJob;
  /** Removes a waiting job; a running one finishes but is not tried again. False when there was none. */
  cancel(tx: Transaction, name: string, uniqueKey: string): Promise<boolean>;

  /** Newest first. */
  listFailed(tx: Transaction, limit?: number): Promise<FailedJob[]>;
  /** Gives failed jobs all their tries again; answers how many there were. */
  replayFailed(tx: Transaction, ids: readonly string[]): Promise<number>;
  deleteFailed(tx: Transaction, ids: readonly string[]): Promise<number>;
  counts(tx: Transaction): Promise<JobCounts>;

  /** Whether anything was defined; without, `start` opens no connection. */
  readonly defined: boolean;
  start(): Promise<void>;
  /** Takes no new job and resolves when those in hand are done. */
  stop(): Promise<void>;
}
