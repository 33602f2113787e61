export { type CreateJobsOptions, createJobs, type JobsMetrics } from "./create-jobs.ts";
export type { EnqueueOptions, FailedJob, JobCounts, JobHandler, JobInHand, JobOptions, Jobs, PreparedJob } from "./jobs.ts";
export { migrateJobs } from "./migrate-jobs.ts";
