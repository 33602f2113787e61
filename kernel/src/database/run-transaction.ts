import type { Pool, PoolClient, QueryResult } from "pg";
import { escapeLiteral } from "pg";
import type { DataSource, QueryRunner } from "typeorm";
import type { Transaction } from "./database.ts";
import { TENANT_SETTING } from "./tenancy.ts";

export interface TransactionSettings {
  readonly tenantId: string;
  readonly isolation: "read committed" | "repeatable read" | "serializable";
  readonly access: "read only" | "read write";
  /** What is one statement needs neither begin nor commit. What only reads neither, where it sees each statement's own moment anyway. */
  readonly framed: boolean;
  /** Where a deadline comes before the connection's own timeout and `signal` does not tell of it. */
  readonly statementTimeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

interface TransactionState {
  over: boolean;
  /** Whether a statement of the work's own has been answered. */
  answered: boolean;
  readonly beforeCommit: (() => Promise<void>)[];
}

/** Marks a failure before `work` began: trying again cannot do anything twice. */
export class TransactionNotBegun extends Error {
  constructor(cause: unknown) {
    super("The transaction could not begin.", { cause });
  }
}

/**
 * The tenant that a connection shows rows of, since its last use: setting it anew each time would be a statement more. Absent: none, or not known.
 */
const tenantOf = new WeakMap<PoolClient, string>();

/** One try: begin, work, commit; or roll back and throw. `canceller` serves to end a statement of another connection. */
export async function runTransaction<T>(
  dataSource: DataSource,
  canceller: Pool,
  settings: TransactionSettings,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const { signal, tenantId, framed } = settings;
  signal?.throwIfAborted();
  const runner = dataSource.createQueryRunner();
  let client: PoolClient & { processID?: number };
  let known: boolean;
  try {
    client = await runner.connect();
    known = tenantOf.get(client) === tenantId;
    tenantOf.delete(client);
    const opening = [...(framed ? [beginSql(settings)] : []), ...(known ? [] : [`set ${TENANT_SETTING} = ${escapeLiteral(tenantId)}`])];
    if (opening.length > 0) await client.query(opening.join(";"));
    // A rollback takes back what was set in its transaction, and nothing else.
    if (known || !framed) tenantOf.set(client, tenantId);
  } catch (error) {
    await runner.release();
    throw new TransactionNotBegun(error);
  }
  // What runner.startTransaction() would note after its two round trips; nested TypeORM transactions become savepoints by it.
  if (framed) Object.assign(runner, { isTransactionActive: true, transactionDepth: 1 });

  let cancelled: Promise<unknown> | undefined;
  const onAbort = (): void => {
    cancelled = canceller.query("select pg_cancel_backend($1)", [client.processID]).catch(() => undefined);
  };
  const state: TransactionState = { over: false, answered: false, beforeCommit: [] };
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const result = await work(transactionOn(runner, client, settings, state));
    for (const last of state.beforeCommit) await last();
    signal?.throwIfAborted();
    // To the commit of a transaction that failed on the way Postgres answers ROLLBACK: then the tenant was taken back, too.
    if (framed && (await client.query("commit")).command === "COMMIT") tenantOf.set(client, tenantId);
    return result;
  } catch (error) {
    // A connection that is gone has rolled back already.
    if (framed) await client.query("rollback").catch(() => undefined);
    if (signal?.aborted) throw signal.reason;
    throw framed || state.answered || settings.access === "read write" ? error : new TransactionNotBegun(error);
  } finally {
    state.over = true;
    signal?.removeEventListener("abort", onAbort);
    if (cancelled !== undefined) {
      await cancelled;
      // The cancellation may arrive late and would hit the next user of this connection: the pool drops a closed one.
      void client.end();
    }
    if (framed) Object.assign(runner, { isTransactionActive: false, transactionDepth: 0 });
    await runner.release();
  }
}

function transactionOn(runner: QueryRunner, client: PoolClient, settings: TransactionSettings, state: TransactionState): Transaction {
  const isAlone = !settings.framed && settings.access === "read write";
  let sent = false;
  return {
    manager: runner.manager,
    tenantId: settings.tenantId,
    async query<Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]> {
      settings.signal?.throwIfAborted();
      if (sent && isAlone)
        throw new Error("One statement has been sent already, and is committed. What sends several needs transaction().");
      sent = true;
      if (state.over) throw new Error("The transaction is over: a query was sent after its work had returned. Await every query.");
      const result: QueryResult | QueryResult[] = await client.query(sql, parameters as unknown[] | undefined);
      state.answered = true;
      // Several statements in one text answer with one result each.
      return (Array.isArray(result) ? (result.at(-1)?.rows ?? []) : result.rows) as Row[];
    },
    beforeCommit(last) {
      if (state.over) throw new Error("The transaction is over; nothing can precede its commit any more.");
      state.beforeCommit.push(last);
    },
  };
}

function beginSql({ isolation, access, statementTimeoutMs }: TransactionSettings): string {
  const begin = `begin isolation level ${isolation} ${access}`;
  return statementTimeoutMs === undefined ? begin : `${begin};set local statement_timeout = ${statementTimeoutMs}`;
}
