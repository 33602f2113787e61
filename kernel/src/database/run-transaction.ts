import type { Pool, PoolClient, QueryResult } from "pg";
import { escapeLiteral } from "pg";
import type { DataSource, QueryRunner } from "typeorm";
import type { Transaction } from "./database.ts";
import { TENANT_SETTING } from "./tenancy.ts";

export interface TransactionSettings {
  readonly tenantId: string;
  readonly isolation: "read committed" | "repeatable read" | "serializable";
  readonly readOnly: boolean;
  /** Shorter than the connection's own timeout, or absent. */
  readonly statementTimeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

interface TransactionState {
  over: boolean;
  readonly beforeCommit: (() => Promise<void>)[];
}

/** Marks a failure before `work` began: trying again cannot do anything twice. */
export class TransactionNotBegun extends Error {
  constructor(cause: unknown) {
    super("The transaction could not begin.", { cause });
  }
}

/** One try: begin, work, commit; or roll back and throw. `canceller` serves to end a statement of another connection. */
export async function runTransaction<T>(
  dataSource: DataSource,
  canceller: Pool,
  settings: TransactionSettings,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const { signal } = settings;
  signal?.throwIfAborted();
  const runner = dataSource.createQueryRunner();
  let client: PoolClient & { processID?: number };
  try {
    client = await runner.connect();
    await client.query(beginSql(settings));
  } catch (error) {
    await runner.release();
    throw new TransactionNotBegun(error);
  }
  // What runner.startTransaction() would note after its two round trips; nested TypeORM transactions become savepoints by it.
  Object.assign(runner, { isTransactionActive: true, transactionDepth: 1 });

  let cancelled: Promise<unknown> | undefined;
  const onAbort = (): void => {
    cancelled = canceller.query("select pg_cancel_backend($1)", [client.processID]).catch(() => undefined);
  };
  const state: TransactionState = { over: false, beforeCommit: [] };
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const result = await work(transactionOn(runner, client, settings, state));
    for (const last of state.beforeCommit) await last();
    signal?.throwIfAborted();
    await client.query("commit");
    return result;
  } catch (error) {
    // A connection that is gone has rolled back already.
    await client.query("rollback").catch(() => undefined);
    throw signal?.aborted ? signal.reason : error;
  } finally {
    state.over = true;
    signal?.removeEventListener("abort", onAbort);
    if (cancelled !== undefined) {
      await cancelled;
      // The cancellation may arrive late and would hit the next user of this connection: the pool drops a closed one.
      void client.end();
    }
    Object.assign(runner, { isTransactionActive: false, transactionDepth: 0 });
    await runner.release();
  }
}

function transactionOn(runner: QueryRunner, client: PoolClient, settings: TransactionSettings, state: TransactionState): Transaction {
  return {
    manager: runner.manager,
    tenantId: settings.tenantId,
    async query<Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]> {
      settings.signal?.throwIfAborted();
      if (state.over) throw new Error("The transaction is over: a query was sent after its work had returned. Await every query.");
      const result: QueryResult | QueryResult[] = await client.query(sql, parameters as unknown[] | undefined);
      // Several statements in one text answer with one result each.
      return (Array.isArray(result) ? (result.at(-1)?.rows ?? []) : result.rows) as Row[];
    },
    beforeCommit(last) {
      if (state.over) throw new Error("The transaction is over; nothing can precede its commit any more.");
      state.beforeCommit.push(last);
    },
  };
}

/** Everything a transaction needs set, in one round trip. */
function beginSql({ isolation, readOnly, tenantId, statementTimeoutMs }: TransactionSettings): string {
  const begin = `begin isolation level ${isolation}${readOnly ? " read only" : ""};set local ${TENANT_SETTING} = ${escapeLiteral(tenantId)}`;
  return statementTimeoutMs === undefined ? begin : `${begin};set local statement_timeout = ${statementTimeoutMs}`;
}
