import type { EntityManager } from "typeorm";

/**
 * One open transaction. The tenant is set in it, so row-level security hides every other tenant's rows even
 * from SQL without a WHERE.
 */
export interface Transaction {
  /** TypeORM's manager, bound to this transaction: repositories and query builders. */
  readonly manager: EntityManager;
  readonly tenantId: string;
  /** Plain SQL with `$1` parameters, in this transaction. */
  query<Row = Record<string, unknown>>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** Runs `last` after the transaction's work, right before its commit, in the order of the calls. A rejection rolls back. */
  beforeCommit(last: () => Promise<void>): void;
}

/** A transaction of one statement. */
export type Statement = Pick<Transaction, "tenantId" | "query">;

export interface TransactionOptions {
  /** Defaults to the current request's tenant, then to `default`. `ALL_TENANTS` sees every row: for clean-ups and relays. */
  tenantId?: string;
  isolation?: "read committed" | "repeatable read" | "serializable";
  /** Ends running statements when it aborts. Defaults to the current request's signal. */
  signal?: AbortSignal;
}

export const ALL_TENANTS = "*";

export interface Database {
  /**
   * Runs `work` in a transaction and commits; an error thrown rolls back and is thrown on. Serialization failures
   * and deadlocks (SQLSTATE 40001, 40P01) are tried again up to 5 times with jitter, so `work` must have no
   * effects outside the transaction.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /**
   * The same for `work` that sends one statement and no more: it is a transaction of its own and costs one round trip instead of three. Whether it was
   * carried out is not known where its connection is lost before the answer; it is not tried again then. Where the request at hand must be noted
   * together with its effects, begin and commit are sent all the same.
   */
  statement<T>(work: (tx: Statement) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** The same as `transaction`, read-only; goes to a read replica where one is configured. */
  read<T>(work: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** A memory for what is read of tables that tell of their changes. */
  remember(options?: RememberOptions): RememberedReads;
}

/** What was read of tables that tell of their changes (`tellChangesSql`), kept in memory until one of them does. */
export interface RememberedReads {
  /**
   * What `keys` stand for, in the tenant of the request; `load` reads what is not remembered, and leaves out what is not there, or not to be kept: that is
   * asked for again the next time. Values are handed out as they are, not copied: treat them as read-only.
   *
   * A change is seen a few milliseconds after its commit, and after a second at the latest: what cannot be known to be newer is read anew.
   */
  read<T>(
    keys: readonly string[],
    load: (tx: Transaction, missing: readonly string[]) => Promise<ReadonlyMap<string, T>>,
  ): Promise<Map<string, T>>;
  /** After a change of one's own, so that whoever made it sees it: what the tenant of the request has read before is read anew. */
  forget(): void;
}

export interface RememberOptions {
  /** Of more entries than this the longest unused goes. */
  readonly maxEntries?: number;
}
