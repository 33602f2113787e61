import type { Transaction } from "../database/database.ts";
import { quoteIdentifier } from "../database/module-roles.ts";
import { unwrapPayload } from "./job-envelope.ts";
import type { FailedJob, JobCounts, Jobs } from "./jobs.ts";
import { tellSql } from "./own-jobs.ts";

interface FailedRow {
  id: string;
  name: string;
  payload: unknown;
  attempts: number;
  lastError: string | null;
  createdAt: Date;
  lastTriedAt: Date;
}

type FailedJobs = Pick<Jobs, "listFailed" | "replayFailed" | "deleteFailed" | "counts">;

/** The dead letters of a module's queue. The library leaves them in its table, with no tries left. */
export function failedJobs(jobsSchema: string): FailedJobs {
  const schema = quoteIdentifier(jobsSchema);
  // A running job on its last try has none left either, but it is locked.
  const failed = "attempts >= max_attempts and locked_at is null";
  const chosen = `array(select id from ${schema}._private_jobs where id = any($1::bigint[]) and ${failed})`;
  const affected = async (tx: Transaction, sql: string, ids: readonly string[]): Promise<number> => (await tx.query(sql, [ids])).length;
  return {
    async listFailed(tx, limit = 100) {
      const rows = await tx.query<FailedRow>(
        `select job.id, task.identifier as name, job.payload, job.attempts, job.last_error as "lastError", job.created_at as "createdAt",
           job.updated_at as "lastTriedAt"
         from ${schema}._private_jobs job join ${schema}._private_tasks task on task.id = job.task_id
         where ${failed} order by job.updated_at desc, job.id desc limit $1`,
        [limit],
      );
      return rows.map(({ payload, lastError, ...row }): FailedJob => {
        const envelope = unwrapPayload(payload);
        return { ...row, payload: envelope.payload, tenantId: envelope.tenantId, lastError: lastError ?? "" };
      });
    },
    replayFailed: (tx, ids) =>
      affected(
        tx,
        `select id, ${tellSql(jobsSchema, "id")} from ${schema}.reschedule_jobs(${chosen}, run_at => now(), attempts => 0)`,
        ids,
      ),
    deleteFailed: (tx, ids) => affected(tx, `select id from ${schema}.complete_jobs(${chosen})`, ids),
    async counts(tx) {
      const [row] = await tx.query<JobCounts>(
        `select count(*) filter (where is_available)::int as waiting, count(*) filter (where locked_at is not null)::int as running,
           count(*) filter (where ${failed})::int as failed from ${schema}._private_jobs`,
      );
      return row ?? { waiting: 0, running: 0, failed: 0 };
    },
  };
}
