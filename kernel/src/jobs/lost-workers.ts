import type { Pool, PoolClient } from "pg";
import { quoteIdentifier } from "../database/module-roles.ts";
import type { Logger } from "../logging/logger.ts";

/** The first of the two numbers of an advisory lock; the second is made from the worker's id. */
const WORKER_LOCK = 7_310_002;
const CHECK_MS = 10_000;
/** A worker takes its lock a moment after it took its first job. */
const GRACE = "5 seconds";

/**
 * Shows that a worker lives: a lock held by its connection, which Postgres gives up when the process is gone. Without,
 * the jobs of a killed process would stay locked for the library's four hours.
 */
export async function showAlive(client: PoolClient, workerId: string): Promise<void> {
  await client.query("select pg_advisory_lock_shared($1, hashtext($2))", [WORKER_LOCK, workerId]);
}

/** Sets free what lost workers had in hand, before it resolves and every few seconds after; the result ends it. */
export async function releaseLostJobs(pool: Pool, schema: string, logger: Logger): Promise<() => void> {
  const name = quoteIdentifier(schema);
  const sql = `
    with holder as materialized (
      select distinct locked_by as id from ${name}._private_jobs where locked_at < now() - interval '${GRACE}'
    ), lost as materialized (
      select id from holder where pg_try_advisory_xact_lock($1, hashtext(id))
    )
    select array_agg(id) as ids, ${name}.force_unlock_workers(array_agg(id)) from lost having count(*) > 0`;
  const check = (): Promise<void> =>
    pool.query<{ ids: string[] }>(sql, [WORKER_LOCK]).then(
      ({ rows }) => {
        if (rows[0] !== undefined) logger.warn("Jobs of lost workers are set free", { workers: rows[0].ids });
      },
      (error: unknown) => logger.warn("Looking for lost workers failed; trying again", { error }),
    );
  await check();
  const timer = setInterval(check, CHECK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
