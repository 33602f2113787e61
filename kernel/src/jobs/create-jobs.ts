import { EventEmitter } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { type CronItem, type JobHelpers, parseCronItems, type Runner, run, type TaskList, type WorkerEvents } from "graphile-worker";
import { Pool } from "pg";
import { PlinthError } from "../base/errors.ts";
import { runInContext } from "../base/request-context.ts";
import type { Statement } from "../database/database.ts";
import { quoteIdentifier } from "../database/module-roles.ts";
import type { Logger } from "../logging/logger.ts";
import { CRON_BACKFILL_MS, skipAllButLastMissed } from "./cron-backfill.ts";
import { failedJobs } from "./failed-jobs.ts";
import { jobContext, unwrapPayload, wrapPayload } from "./job-envelope.ts";
import type { EnqueueOptions, JobHandler, JobInHand, JobOptions, Jobs, PreparedJob } from "./jobs.ts";
import { releaseLostJobs } from "./lost-workers.ts";
import { jobsSchema } from "./migrate-jobs.ts";
import { tellSql, tendListeningClients } from "./own-jobs.ts";
import { workerLogger } from "./worker-logger.ts";

/** Where finished jobs are counted. */
export interface JobsMetrics {
  /** `retry`: failed with tries left; `failed`: with none. */
  finished(name: string, seconds: number, outcome: "ok" | "retry" | "failed"): void;
}

export interface CreateJobsOptions {
  readonly module: string;
  /** Connects as the module's service role. */
  readonly url: string;
  /** The module's schema; its jobs lie in the one beside it. */
  readonly schema: string;
  readonly logger: Logger;
  readonly metrics?: JobsMetrics;
  /** Jobs this process works on at once. */
  readonly concurrency?: number;
}

interface Definition {
  readonly maxAttempts: number;
  readonly serial: boolean;
  readonly handler: JobHandler<unknown>;
}

const CONCURRENCY = 5;
const RESTART_MS = 1000;
const MAX_ATTEMPTS = 12;
/** A handler that is still at it this long after a stop is told so; the service allows 30 s in all. */
const STOP_ABORT_MS = 25_000;

/** The queue of one module on its own Postgres schema; graphile-worker does the work. */
export function createJobs(options: CreateJobsOptions): Jobs {
  const schema = jobsSchema(options.schema);
  const definitions = new Map<string, Definition>();
  const crons: CronItem[] = [];
  let running: { runner: Runner; pool: Pool; forget: () => void } | undefined;

  const define = (name: string, handler: JobHandler<unknown>, wanted: JobOptions): void => {
    if (running !== undefined) throw new Error(`Job ${name} is defined after the start. Define jobs in the service's setup.`);
    if (definitions.has(name)) throw new Error(`Job ${name} is defined twice. Give one of them another name.`);
    definitions.set(name, { handler, maxAttempts: wanted.maxAttempts ?? MAX_ATTEMPTS, serial: wanted.serial === true });
  };

  const prepare = (
    tx: Statement,
    name: string,
    payload: unknown,
    { runAt, uniqueKey, maxAttempts, priority }: EnqueueOptions = {},
  ): PreparedJob => {
    const definition = definitions.get(name);
    if (definition === undefined) throw new Error(`No job ${name} is defined. Defined: ${[...definitions.keys()].join(", ") || "none"}.`);
    return {
      subquery: (first) => {
        const [named, json, queue, at, tries, key, order] = Array.from({ length: 7 }, (_, index) => `$${first + index}`);
        return `select id::text, case when run_at <= now() then ${tellSql(schema, "id")} end from ${quoteIdentifier(schema)}.add_job(identifier => ${named},
          payload => ${json}::json, queue_name => ${queue}, run_at => ${at}::timestamptz, max_attempts => ${tries}::int, job_key => ${key}, priority => ${order}::int)`;
      },
      values: [
        name,
        JSON.stringify(wrapPayload(payload, tx.tenantId)),
        definition.serial ? name : null,
        runAt?.toISOString() ?? null,
        maxAttempts ?? definition.maxAttempts,
        uniqueKey === undefined ? null : jobKey(name, uniqueKey),
        priority ?? null,
      ],
    };
  };

  /**
   * A worker may end by itself, as it does when it hears that a queue of the database is migrated, also that of another module: on the library's channel,
   * in the moment before it is taken off. Another one takes its place.
   */
  async function keepRunning(launch: () => Promise<Runner>): Promise<void> {
    while (running !== undefined) {
      try {
        await running.runner.promise;
        if (running === undefined) return;
        running.runner = await launch();
      } catch (error) {
        if (running === undefined) return;
        options.logger.error("The job worker ended; another one is started", { error });
        await delay(RESTART_MS);
        const runner = await launch().catch(() => undefined);
        if (runner !== undefined && running !== undefined) running.runner = runner;
      }
    }
  }

  return {
    ...failedJobs(schema),
    get defined() {
      return definitions.size > 0;
    },
    define(name, handler, wanted = {}) {
      define(name, handler as JobHandler<unknown>, wanted);
    },
    cron(name, pattern, handler, wanted = {}) {
      define(name, (_, job) => handler(job), wanted);
      // One key for all its times: while one waits for a worker or its next try, the next time takes its place.
      const once = { jobKey: `cron:${name}`, jobKeyMode: "replace" as const, maxAttempts: wanted.maxAttempts ?? MAX_ATTEMPTS };
      crons.push({ task: name, match: pattern, identifier: name, options: { ...once, backfillPeriod: CRON_BACKFILL_MS } });
    },
    prepare,
    async enqueue(tx, name, payload, wanted) {
      const { subquery, values } = prepare(tx, name, payload, wanted);
      const [job] = await tx.query<{ id: string }>(subquery(1), values);
      return job?.id ?? "";
    },
    async cancel(tx, name, uniqueKey) {
      const sql = `select id from ${quoteIdentifier(schema)}.remove_job($1) where id is not null`;
      return (await tx.query(sql, [jobKey(name, uniqueKey)])).length > 0;
    },
    async start() {
      if (running !== undefined || definitions.size === 0) return;
      const concurrency = options.concurrency ?? CONCURRENCY;
      // One more to listen, one more to look for lost workers.
      const pool = new Pool({ connectionString: options.url, max: concurrency + 2, application_name: `plinth-${schema}`, keepAlive: true });
      pool.on("connect", (client) => client.on("error", () => {})); // In use: its query fails and says so.
      pool.on("error", (error) => options.logger.warn("An idle connection of the job queue was lost", { error }));
      const events = new EventEmitter() as WorkerEvents;
      tendListeningClients(events, { url: options.url, schema, logger: options.logger });
      const cronItems = parseCronItems(crons);
      const launch = (): Promise<Runner> =>
        run({
          pgPool: pool,
          schema,
          events,
          concurrency,
          noHandleSignals: true,
          gracefulShutdownAbortTimeout: STOP_ABORT_MS,
          logger: workerLogger(options.logger),
          // Not for speed: only batched results are tried again, and written before a stop is done.
          preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
          taskList: taskList(definitions, options),
          parsedCronItems: cronItems,
        });
      try {
        await skipAllButLastMissed(pool, schema, cronItems);
        const runner = await launch();
        running = { runner, pool, forget: await releaseLostJobs(pool, schema, options.logger) };
        void keepRunning(launch);
      } catch (error) {
        await pool.end();
        throw error;
      }
    },
    async stop() {
      if (running === undefined) return;
      const { runner, pool, forget } = running;
      running = undefined;
      forget();
      await runner.stop();
      await pool.end();
    },
  };
}

/** Keys are unique in the whole schema for the library, in the job's name for us. */
function jobKey(name: string, uniqueKey: string): string {
  return `${name}:${uniqueKey}`;
}

function taskList(definitions: ReadonlyMap<string, Definition>, options: CreateJobsOptions): TaskList {
  return Object.fromEntries(
    Array.from(definitions, ([name, { handler }]) => [
      name,
      (stored: unknown, helpers: JobHelpers) => runJob(name, handler, stored, helpers, options),
    ]),
  );
}

/** Runs the handler in the context it was enqueued in; a failure goes on to the library, which plans the next try. */
async function runJob(
  name: string,
  handler: JobHandler<unknown>,
  stored: unknown,
  helpers: JobHelpers,
  options: CreateJobsOptions,
): Promise<void> {
  const envelope = unwrapPayload(stored);
  const { id, attempts, max_attempts: maxAttempts } = helpers.job;
  const job: JobInHand = { id, name, attempt: attempts, maxAttempts, signal: helpers.abortSignal };
  const startedAt = performance.now();
  await runInContext(jobContext(options.module, envelope, helpers.abortSignal), async () => {
    try {
      await handler(envelope.payload, job);
      options.metrics?.finished(name, (performance.now() - startedAt) / 1000, "ok");
    } catch (error) {
      const last = attempts >= maxAttempts;
      options.metrics?.finished(name, (performance.now() - startedAt) / 1000, last ? "failed" : "retry");
      if (last) options.logger.error("A job has failed for good", { job: name, id, attempt: attempts, error });
      else options.logger.warn("A job failed and will be tried again", { job: name, id, attempt: attempts, maxAttempts, error });
      throw error instanceof PlinthError ? new Error(`${error.reason}: ${error.message}`, { cause: error }) : error;
    }
  });
}
