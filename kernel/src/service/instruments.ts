import type { DatabaseMetrics } from "../database/query-observer.ts";
import type { JobsMetrics } from "../jobs/create-jobs.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** What the database tells its observer, as metrics. */
export function databaseMetrics(metrics: Metrics): DatabaseMetrics {
  return {
    query: (seconds, outcome) => metrics.databaseQuery.with(outcome).observe(seconds),
    transaction: (seconds, outcome) => metrics.databaseTransaction.with(outcome).observe(seconds),
  };
}

/** What the job queue tells its observer, as metrics. */
export function jobsMetrics(metrics: Metrics): JobsMetrics {
  return { finished: (name, seconds, outcome) => metrics.jobs.with(name, outcome).observe(seconds) };
}
