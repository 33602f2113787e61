import { setTimeout as delay } from "node:timers/promises";
import { Pool } from "pg";
import { DataSource, type EntitySchema } from "typeorm";
import { badRequest, conflict, timeout, unavailable } from "../base/errors.ts";
import { currentContext, DEFAULT_TENANT, type RequestContext, TENANT_ID } from "../base/request-context.ts";
import type { Logger } from "../logging/logger.ts";
import { ALL_TENANTS, type Database, type Transaction, type TransactionOptions } from "./database.ts";
import { isConnectionFailure, isSerializationFailure, isStalePlan, toTransactionError } from "./database-errors.ts";
import { listen } from "./listen.ts";
import { type DatabaseMetrics, observedClient } from "./query-observer.ts";
import { rememberReads } from "./remember.ts";
import { runTransaction, TransactionNotBegun } from "./run-transaction.ts";
import { createStatementNames } from "./statement-names.ts";
import { changesChannel } from "./tell-changes.ts";

export interface DatabaseOptions {
  /** Connects as the module's service role. */
  readonly url: string;
  /** A read replica for `read`. */
  readonly readUrl?: string;
  readonly schema: string;
  readonly entities: readonly EntitySchema[];
  readonly logger: Logger;
  readonly metrics?: DatabaseMetrics;
  readonly pool?: Partial<PoolLimits>;
  /** Ends a statement where the request's deadline does not do so earlier. */
  readonly statementTimeoutMs?: number;
  /** Statements that take longer are logged. */
  readonly slowQueryMs?: number;
  /** On in development: see `QueryObserverOptions`. */
  readonly detectRepeatedQueries?: boolean;
}

export interface PoolLimits {
  readonly max: number;
  /** Kept open however long they idle. Connections open with the first need, not before. */
  readonly min: number;
  readonly idleSeconds: number;
  readonly lifetimeSeconds: number;
  /** Longest wait for a free connection. */
  readonly acquireSeconds: number;
}

/** A database with the handles its owner needs: the service's composition, health and metrics. */
export interface OpenDatabase extends Database {
  /** Rejects when the database does not answer. */
  ping(): Promise<void>;
  poolUsage(): { total: number; idle: number; waiting: number };
  /** Resolves when running transactions are through and every connection is closed. */
  close(): Promise<void>;
}

const POOL: PoolLimits = { max: 25, min: 5, idleSeconds: 600, lifetimeSeconds: 300, acquireSeconds: 10 };
/** The share of the connections that serves what only reads, where both go to one server. */
const READS = 0.4;
const STATEMENT_TIMEOUT_MS = 30_000;
const SLOW_QUERY_MS = 200;
/** A transaction left open holds locks and keeps dead rows from being cleaned up. */
const IDLE_IN_TRANSACTION_MS = 60_000;
const TRIES = 5;
/** The wait before try n + 1 is random up to 2^n times this. */
const BACKOFF_MS = 10;

/**
 * Opens the connections of one module and checks that the database answers. What reads has connections of its own, on which nothing can be written; so
 * it needs no transaction around it, nor does a single statement on the others.
 */
export async function openDatabase(options: DatabaseOptions): Promise<OpenDatabase> {
  const limits = { ...POOL, ...options.pool };
  const [forWrites, forReads] = options.readUrl === undefined ? shared(limits) : [limits, limits];
  const primary = await openDataSource(options.url, "read write", forWrites, options);
  const replica = await openDataSource(options.readUrl ?? options.url, "read only", forReads, options);
  const pools = [poolOf(primary), poolOf(replica)];
  const canceller = new Pool({ connectionString: options.url, max: 1, idleTimeoutMillis: 5_000, allowExitOnIdle: true });
  canceller.on("error", () => {});
  const defaultTimeoutMs = options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS;

  const run = async <T>(
    dataSource: DataSource,
    access: "read only" | "read write",
    work: (tx: Transaction) => Promise<T>,
    wanted: TransactionOptions,
    statements: "one" | "many",
  ): Promise<T> => {
    const context = currentContext();
    const tenantId = wanted.tenantId ?? context?.tenantId ?? DEFAULT_TENANT;
    if (tenantId !== ALL_TENANTS && !TENANT_ID.test(tenantId))
      throw badRequest("This is not the id of a tenant.", { reason: "INVALID_TENANT" });
    const signal = wanted.signal ?? context?.signal;
    for (let attempt = 1; ; attempt++) {
      const remainingMs = context?.deadline === undefined ? Number.POSITIVE_INFINITY : context.deadline - Date.now();
      if (remainingMs <= 0) throw timeout("The deadline passed.");
      const startedAt = performance.now();
      const finished = (outcome: "commit" | "rollback" | "retry"): void =>
        options.metrics?.transaction((performance.now() - startedAt) / 1000, outcome);
      // The request's own signal aborts at its deadline.
      const statementTimeoutMs = wanted.signal !== undefined && remainingMs < defaultTimeoutMs ? Math.ceil(remainingMs) : undefined;
      const isolation = wanted.isolation ?? "read committed";
      const isPlain = isolation === "read committed" && statementTimeoutMs === undefined;
      const note = access === "read only" ? undefined : context?.beforeEachCommit;
      const framed = !isPlain || note !== undefined || (access === "read write" && statements === "many");
      try {
        const settings = { tenantId, isolation, access, framed, statementTimeoutMs, signal };
        const result = await runTransaction(dataSource, canceller, settings, note === undefined ? work : noted(work, note));
        finished("commit");
        return result;
      } catch (thrown) {
        const begun = !(thrown instanceof TransactionNotBegun);
        const error = begun ? thrown : thrown.cause;
        // A pooled connection may be dead since the server's restart: nothing ran on it yet, so take another.
        const again = isSerializationFailure(error) || isStalePlan(error) || (!begun && isConnectionFailure(error));
        if (!again || attempt === TRIES || signal?.aborted) {
          finished("rollback");
          if (!isSerializationFailure(error)) throw toTransactionError(error);
          throw conflict("The data was changed by others at the same time. Try again.", {
            reason: "ABORTED",
            cause: error,
            retryAfterSeconds: 1,
          });
        }
        finished("retry");
        await delay(Math.random() * BACKOFF_MS * 2 ** attempt);
      }
    }
  };

  const { schema, url, logger, metrics } = options;
  const memories: { close(): Promise<void> }[] = [];
  // A replica may be behind what was notified.
  const upToDate = options.readUrl === undefined ? replica : primary;

  return {
    transaction: (work, wanted = {}) => run(primary, "read write", work, wanted, "many"),
    statement: (work, wanted = {}) => run(primary, "read write", work, wanted, "one"),
    read: (work, wanted = {}) => run(replica, "read only", work, wanted, "many"),
    remember(wanted = {}) {
      const memory = rememberReads(
        {
          read: (work, settings = {}) => run(upToDate, "read only", work, settings, "many"),
          listen: (on) => listen({ url, channels: [changesChannel(schema)], logger, ...on }),
          observe: metrics?.remembered,
        },
        wanted,
      );
      memories.push(memory);
      return memory;
    },
    ping: async () => {
      await poolOf(primary).query("select 1");
    },
    poolUsage: () => ({
      total: pools.reduce((sum, { totalCount }) => sum + totalCount, 0),
      idle: pools.reduce((sum, { idleCount }) => sum + idleCount, 0),
      waiting: pools.reduce((sum, { waitingCount }) => sum + waitingCount, 0),
    }),
    close: async () => {
      await Promise.all(memories.map((memory) => memory.close()));
      await Promise.all([closeDataSource(primary), closeDataSource(replica), canceller.end()]);
    },
  };
}

/** Two pools within the limits of one: the smaller part for those that read, who are done sooner. */
function shared(limits: PoolLimits): readonly [forWrites: PoolLimits, forReads: PoolLimits] {
  const reads = { max: Math.max(1, Math.floor(limits.max * READS)), min: Math.floor(limits.min * READS) };
  const writes = { max: Math.max(1, limits.max - reads.max), min: limits.min - reads.min };
  return [
    { ...limits, ...writes },
    { ...limits, ...reads },
  ];
}

type Note = NonNullable<RequestContext["beforeEachCommit"]>;

/** The work, and in its transaction whatever the request at hand must note of it. */
function noted<T>(work: (tx: Transaction) => Promise<T>, note: Note): (tx: Transaction) => Promise<T> {
  return (tx) => {
    tx.beforeCommit(() => note(tx));
    return work(tx);
  };
}

async function openDataSource(
  url: string,
  access: "read only" | "read write",
  limits: PoolLimits,
  options: DatabaseOptions,
): Promise<DataSource> {
  const settings: Record<string, string | number> = {
    search_path: options.schema,
    default_transaction_read_only: access === "read only" ? "on" : "off",
    statement_timeout: options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
  };
  const dataSource = new DataSource({
    type: "postgres",
    url,
    schema: options.schema,
    entities: [...options.entities],
    installExtensions: false,
    applicationName: `plinth-${options.schema}`,
    poolErrorHandler: (error: unknown) => options.logger.warn("An idle database connection was lost", { error }),
    extra: {
      max: limits.max,
      min: limits.min,
      idleTimeoutMillis: limits.idleSeconds * 1000,
      maxLifetimeSeconds: limits.lifetimeSeconds,
      connectionTimeoutMillis: limits.acquireSeconds * 1000,
      keepAlive: true,
      options: Object.entries(settings)
        .map(([name, value]) => `-c ${name}=${value}`)
        .join(" "),
      Client: observedClient({
        logger: options.logger,
        metrics: options.metrics,
        slowQueryMs: options.slowQueryMs ?? SLOW_QUERY_MS,
        detectRepeatedQueries: options.detectRepeatedQueries === true,
        names: createStatementNames(),
      }),
    },
  });
  try {
    return await dataSource.initialize();
  } catch (error) {
    if (!isConnectionFailure(error)) throw error;
    throw unavailable(`The database of ${options.schema} cannot be reached.`, { cause: error });
  }
}

/** TypeORM ends the connections of running transactions on `destroy`, so their end is awaited here first. */
async function closeDataSource(dataSource: DataSource): Promise<void> {
  const pool = poolOf(dataSource);
  while (pool.totalCount > pool.idleCount) await new Promise((resolve) => pool.once("release", resolve));
  await dataSource.destroy();
}

function poolOf(dataSource: DataSource): Pool {
  return (dataSource.driver as unknown as { master: Pool }).master;
}
