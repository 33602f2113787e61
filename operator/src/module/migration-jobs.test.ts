import { expect, test } from "@jest/globals";
import type { KubeObject } from "@plinth/kernel/kube";
import { type MigrationProgress, markJob, migrationProgress } from "./migration-jobs.ts";

const NOW = Date.parse("2026-05-01T10:00:00Z");

function aJob(attempt: number, end?: { type: "Complete" | "Failed"; at: string }): KubeObject {
  const job = markJob({ apiVersion: "batch/v1", kind: "Job", metadata: { name: `m-${attempt}` } }, "m", attempt);
  if (end === undefined) return job;
  const condition = { type: end.type, status: "True", lastTransitionTime: end.at };
  return { ...job, status: { ...(end.type === "Complete" && { completionTime: end.at }), conditions: [condition] } };
}

const failed = (attempt: number, at: string): KubeObject => aJob(attempt, { type: "Failed", at });
const done = aJob(1, { type: "Complete", at: "2026-05-01T09:00:00Z" });

test.each<[string, string | undefined, KubeObject[], string | undefined, Omit<MigrationProgress, "job">]>([
  ["no roles, no migration", undefined, [done], undefined, { state: "not-needed", attempt: 1, retryInMs: undefined }],
  ["never tried", "m", [], undefined, { state: "absent", attempt: 1, retryInMs: undefined }],
  ["a Job of another migration does not count", "other", [done], "m", { state: "absent", attempt: 1, retryInMs: undefined }],
  ["at work", "m", [aJob(1)], undefined, { state: "running", attempt: 1, retryInMs: undefined }],
  ["done", "m", [done], undefined, { state: "succeeded", attempt: 1, retryInMs: undefined }],
  ["done long ago: the Deployment knows", "m", [], "m", { state: "succeeded", attempt: 1, retryInMs: undefined }],
  ["failed just now", "m", [failed(1, "2026-05-01T09:59:55Z")], undefined, { state: "failed", attempt: 1, retryInMs: 5000 }],
  [
    "failed, and its wait is over",
    "m",
    [failed(1, "2026-05-01T09:59:50Z")],
    undefined,
    { state: "absent", attempt: 2, retryInMs: undefined },
  ],
  [
    "the wait doubles",
    "m",
    [failed(1, "2026-05-01T09:50:00Z"), failed(3, "2026-05-01T09:59:50Z")],
    undefined,
    { state: "failed", attempt: 3, retryInMs: 30_000 },
  ],
  ["up to five minutes", "m", [failed(20, "2026-05-01T10:00:00Z")], undefined, { state: "failed", attempt: 20, retryInMs: 300_000 }],
  [
    "the second try works",
    "m",
    [failed(1, "2026-05-01T09:59:50Z"), aJob(2)],
    undefined,
    { state: "running", attempt: 2, retryInMs: undefined },
  ],
])("%s", (_name, migration, jobs, migrated, expected) => {
  const { job: _job, ...progress } = migrationProgress(migration, jobs, migrated, NOW);
  expect(progress).toEqual(expected);
});
