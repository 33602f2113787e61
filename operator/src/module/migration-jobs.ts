import type { KubeObject } from "@plinth/kernel/kube";
import { withDesiredHash } from "./desired/desired-hash.ts";
import type { MigrationState } from "./rollout.ts";

/** On a Job and on a Deployment: the migration that it runs, or that it needs, by the name of its first Job. */
export const MIGRATION_ANNOTATION = "plinth.dev/migration";
/** On a Job: which try it is, from 1. */
const ATTEMPT_ANNOTATION = "plinth.dev/attempt";

const FIRST_RETRY_MS = 10_000;
const LAST_RETRY_MS = 300_000;

/** How far a migration is, over all its Jobs. */
export interface MigrationProgress {
  readonly state: MigrationState;
  /** The newest Job, if there is any. */
  readonly job: KubeObject | undefined;
  /** The try at hand, or the next one where none is. */
  readonly attempt: number;
  /** After a failure: when to try again, in milliseconds from `now`. */
  readonly retryInMs: number | undefined;
}

interface JobStatus {
  readonly completionTime?: string;
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly message?: string;
    readonly lastTransitionTime?: string;
  }[];
}

/**
 * Reads how far a migration is. What the Deployment says was migrated for it stays migrated when the Job is gone; a Job that failed counts as none once its
 * wait is over: twice as long each time, from 10 s to 5 min.
 */
export function migrationProgress(
  migration: string | undefined,
  jobs: readonly KubeObject[],
  migrated: string | undefined,
  now: number,
): MigrationProgress {
  const none = { job: undefined, attempt: 1, retryInMs: undefined };
  if (migration === undefined) return { state: "not-needed", ...none };
  const [job] = jobs
    .filter(({ metadata }) => metadata.annotations?.[MIGRATION_ANNOTATION] === migration)
    .sort((a, b) => attemptOf(b) - attemptOf(a));
  if (job === undefined) return { state: migrated === migration ? "succeeded" : "absent", ...none };
  const attempt = attemptOf(job);
  const state = jobState(job);
  if (state !== "failed") return { state, job, attempt, retryInMs: undefined };
  const failedAt = Date.parse(finishedAt(job) ?? "");
  const retryInMs = (Number.isNaN(failedAt) ? now : failedAt) + Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempt - 1)) - now;
  if (retryInMs <= 0) return { state: "absent", job, attempt: attempt + 1, retryInMs: undefined };
  return { state, job, attempt, retryInMs };
}

/** Whether a Job is done, and how it ended. */
export function jobState({ status }: KubeObject): "running" | "succeeded" | "failed" {
  const conditions = (status as JobStatus | undefined)?.conditions ?? [];
  const has = (type: string): boolean => conditions.some((condition) => condition.type === type && condition.status === "True");
  return has("Complete") ? "succeeded" : has("Failed") ? "failed" : "running";
}

/** When a Job ended, well or not; undefined while it runs. */
export function finishedAt({ status }: KubeObject): string | undefined {
  const { completionTime, conditions = [] } = (status ?? {}) as JobStatus;
  return completionTime ?? conditions.find(({ type, status: state }) => type === "Failed" && state === "True")?.lastTransitionTime;
}

/** What Kubernetes says about the end of a Job. */
export function endMessage({ status }: KubeObject): string {
  return (status as JobStatus | undefined)?.conditions?.find(({ type }) => type === "Failed")?.message ?? "";
}

/** The Job with what later reconciles find it by. */
export function markJob(job: KubeObject, migration: string, attempt: number): KubeObject {
  return annotated(job, { [MIGRATION_ANNOTATION]: migration, [ATTEMPT_ANNOTATION]: String(attempt) });
}

/** The child with further annotations, and the hash that goes with them. */
export function annotated(child: KubeObject, annotations: Readonly<Record<string, string>>): KubeObject {
  return withDesiredHash({ ...child, metadata: { ...child.metadata, annotations: { ...child.metadata.annotations, ...annotations } } });
}

function attemptOf({ metadata }: KubeObject): number {
  return Number(metadata.annotations?.[ATTEMPT_ANNOTATION] ?? 1);
}
