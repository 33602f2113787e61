import type { Module } from "@plinth/module";
import { readDeployment } from "../deployment-state.ts";
import { buildMigrationJob } from "../desired/migration-job.ts";
import { MIGRATION_ANNOTATION, type MigrationProgress, migrationProgress } from "../migration-jobs.ts";
import { atRevision, latestRevision, revisionName } from "../revisions.ts";
import { chooseTarget, decideRollout, type RolloutFacts } from "../rollout.ts";
import type { Tools, Work } from "./context.ts";

/** Decides how the module goes on, by what is there now. Asked again after writes, it sees what they changed. */
export function findRollout({ state, settings, now }: Tools, work: Work): void {
  const { module, verdict, status, revisions } = work;
  const live = state.children("Deployment").get(work.namespace, module.metadata.name);
  const facts = {
    declared: verdict.refused.length > 0 ? undefined : revisionName(module),
    accepted: latestRevision(revisions)?.name,
    current: moduleAt(work, status?.currentRevision) === undefined ? undefined : status?.currentRevision,
    failed: status?.failedRevision,
    waits: verdict.waiting.length > 0,
    paused: module.spec.paused === true,
  };
  const target = chooseTarget({ ...facts, rollbackOnFailure: true });
  const aim = moduleAt(work, target);
  const { result, message } = work.migration;
  work.migration = {
    ...(aim === undefined ? NO_MIGRATION : findMigration(work, aim)),
    ...(result !== undefined && { result }),
    ...(message !== undefined && { message }),
  };
  work.rollout = decideRollout({
    ...facts,
    rollbackOnFailure: aim?.spec.strategy?.rollbackOnFailure !== false,
    migration: work.migration.state,
    deployment: live === undefined ? undefined : readDeployment(live),
  } satisfies RolloutFacts);

  function findMigration(of: Work, to: Module): MigrationProgress {
    return migrationProgress(
      migrationOf(of, to),
      state.children("Job").byIndex("owner", of.object.metadata.uid ?? ""),
      live?.metadata.annotations?.[MIGRATION_ANNOTATION],
      now().getTime(),
    );
  }

  function migrationOf(of: Work, to: Module): string | undefined {
    return buildMigrationJob(of.set.resolvedOf(to), settings, { migrationAttempt: 1 })?.metadata.name;
  }
}

const NO_MIGRATION: MigrationProgress = { state: "not-needed", job: undefined, attempt: 1, retryInMs: undefined };

/** The module as a revision of it has it; undefined if that is not kept. */
export function moduleAt({ module, revisions }: Work, name: string | undefined): Module | undefined {
  if (name === undefined) return undefined;
  if (name === revisionName(module)) return module;
  const revision = revisions.find((one) => one.name === name);
  return revision === undefined ? undefined : atRevision(module, revision);
}
