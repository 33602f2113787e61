import type { DatabaseMetrics } from "../database/query-observer.ts";
import type { JobsMetrics } from "../jobs/create-jobs.ts";
import type { SagaMetrics } from "../sagas/work-on-saga.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** What the database tells its observer, as metrics. */
export function databaseMetrics(metrics: Metrics): DatabaseMetrics {
  return {
    query: (seconds, outcome) => metrics.databaseQuery.with(outcome).observe(seconds),
    transaction: (seconds, outcome) => metrics.databaseTransaction.with(outcome).observe(seconds),
    remembered: (result, times) => metrics.cacheRequests.with("remembered", result).inc(times),
  };
}

/** What the job queue tells its observer, as metrics. */
export function jobsMetrics(metrics: Metrics): JobsMetrics {
  return { finished: (name, seconds, outcome) => metrics.jobs.with(name, outcome).observe(seconds) };
}

/** What sagas tell their observer, as metrics. */
export function sagaMetrics(metrics: Metrics): SagaMetrics {
  return {
    step: (saga, step, outcome, seconds) => metrics.sagaSteps.with(saga, step, outcome).observe(seconds),
    ended: (saga, status) => metrics.sagas.with(saga, status).inc(),
  };
}
