import type { Pool } from "pg";
import type { ListenerQuery } from "../database/listen.ts";
import { quoteIdentifier } from "../database/module-roles.ts";
import type { Logger } from "../logging/logger.ts";

/** The first of the two numbers of an advisory lock; the second is made from the worker's id. */
const WORKER_LOCK = 7_310_002;
const CHECK_MS = 5_000;
/** A worker takes its lock a moment after it took its first job. */
const GRACE = "5 seconds";

/**
 * Shows that a worker lives: a lock held by the connection on which its process listens, which Postgres gives up when the process is gone. Without,
 * the jobs of a killed process would stay locked for the library's four hours.
 */
export async function showAlive(query: ListenerQuery, workerId: string): Promise<void> {
  await query("select pg_advisory_lock_shared($1, hashtext($2))", [WORKER_LOCK, workerId]);
}

/** The worker has ended, and its process lives on. */
export async function showGone(query: ListenerQuery, workerId: string): Promise<void> {
  await query("select pg_advisory_unlock_shared($1, hashtext($2))", [WORKER_LOCK, workerId]);
}

/**
 * Sets free what lost workers had in hand, every few seconds; the result ends it. A worker is lost that has shown no life at two looks: after an outage of
 * the database it takes the connection of a living one some seconds to come back.
 */
export async function releaseLostJobs(pool: Pick<Pool, "query">, schema: string, logger: Logger, everyMs = CHECK_MS): Promise<() => void> {
  const name = quoteIdentifier(schema);
  const sql = `
    with holder as materialized (
      select distinct locked_by as id from ${name}._private_jobs where locked_at < now() - interval '${GRACE}'
    ), silent as materialized (
      select id from holder where pg_try_advisory_xact_lock($1, hashtext(id))
    ), lost as materialized (
      select coalesce(array_agg(id), '{}') as ids from silent where id = any ($2)
    )
    select array(select id from silent) as silent, ids as lost, case when ids <> '{}' then ${name}.force_unlock_workers(ids) end from lost`;
  let silent: readonly string[] = [];
  const check = async (): Promise<void> => {
    try {
      const { rows } = await pool.query<{ silent: string[]; lost: string[] }>(sql, [WORKER_LOCK, silent]);
      const [found = { silent: [], lost: [] }] = rows;
      silent = found.silent;
      if (found.lost.length > 0) logger.warn("Jobs of lost workers are set free", { workers: found.lost });
    } catch (error) {
      logger.warn("Looking for lost workers failed; trying again", { error });
    }
  };
  await check();
  const timer = setInterval(check, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
