import type { KubeObject } from "@plinth/kernel/kube";
import type { Module } from "@plinth/module";
import { databaseAccess } from "../database-access.ts";
import { buildChildPhases, type ChildPhase } from "../desired/children.ts";
import { ROTATE_DATABASE } from "../desired/database-secrets.ts";
import { buildMigrationJob } from "../desired/migration-job.ts";
import { databaseSecretName, ownerSecretName } from "../desired/names.ts";
import { needsPostgres } from "../desired/needs-postgres.ts";
import { annotated, MIGRATION_ANNOTATION, markJob } from "../migration-jobs.ts";
import type { Parts } from "../parts.ts";
import { childKey } from "../prune.ts";
import { latestRevision } from "../revisions.ts";
import type { Tools, Work } from "./context.ts";
import { moduleAt } from "./find-rollout.ts";

/** The children that should be there now, in the order in which they are applied: those of a group together, the next group after them. */
export interface ChildPlan {
  /** The accepted spec, and what pods need before they start; with what they read, where no migration is to come before that. */
  readonly identity: readonly KubeObject[];
  readonly job: KubeObject | undefined;
  /** What running pods read, then what runs them, then what watches them. Empty while nothing may run. */
  readonly running: readonly (readonly KubeObject[])[];
}

/**
 * While a new revision is migrated to, what serves stays as it is, and gets beside it what only the new one needs. After a roll-back all is as it was before
 * the one that failed.
 */
export function planChildren(tools: Tools, work: Work): ChildPlan {
  const { rollout, migration } = work;
  const target = moduleAt(work, rollout.target);
  if (target === undefined || rollout.step === "paused" || rollout.step === "wait") return { identity: [], job: undefined, running: [] };
  const serve = moduleAt(work, rollout.serve);
  const isUndone = rollout.step === "roll-back" || rollout.step === "rolled-back";
  const coming = buildFor(tools, work, target);
  const serving = serve === undefined ? undefined : serve === target ? coming : buildFor(tools, work, serve);
  const revision = coming.configuration.filter(({ kind }) => kind === "ControllerRevision");
  const isRevision = new Set(revision);
  const identity = serving === undefined ? coming.identity : isUndone ? serving.identity : unite(serving.identity, coming.identity);
  const [job] = coming.database;
  const configuration = serving?.configuration.filter((child) => child.kind !== "ControllerRevision" && !isRevision.has(child)) ?? [];
  // Where nothing is migrated, nothing keeps it waiting: a change reaches the Deployment a write earlier.
  const isReadAtOnce = serve === target && rollout.step !== "migrate" && !isUndone;
  return {
    identity: [...(isUndone ? [] : revision), ...identity, ...(isReadAtOnce ? configuration : [])],
    job: rollout.step === "migrate" && migration.state === "absent" && job !== undefined ? job : undefined,
    running:
      serving === undefined || (rollout.step === "migrate" && !isMigratedFor(tools, work, serving))
        ? []
        : [...(isReadAtOnce ? [] : [configuration]), serving.workload, serving.observability],
  };
}

/** Built once a reconcile: passwords that are made in it stay the same, and nothing is built twice. */
const built = new WeakMap<Work, Map<Module, Record<ChildPhase, KubeObject[]>>>();

function buildFor(tools: Tools, work: Work, module: Module): Record<ChildPhase, KubeObject[]> {
  const known = built.get(work) ?? new Map<Module, Record<ChildPhase, KubeObject[]>>();
  built.set(work, known);
  const phases = known.get(module) ?? build(tools, work, module);
  known.set(module, phases);
  return phases;
}

function build(tools: Tools, work: Work, module: Module): Record<ChildPhase, KubeObject[]> {
  const { settings } = tools;
  const resolved = work.set.resolvedOf(module);
  const phases = buildChildPhases(resolved, settings, partsFor(tools, work, module));
  const rotation = module.metadata.annotations?.[ROTATE_DATABASE];
  const migration = buildMigrationJob(resolved, settings, { migrationAttempt: 1 })?.metadata.name;
  return {
    ...phases,
    identity: phases.identity.map((child) =>
      child.kind === "Secret" && rotation !== undefined ? annotated(child, { [ROTATE_DATABASE]: rotation }) : child,
    ),
    database: phases.database.map((job) => (migration === undefined ? job : markJob(job, migration, work.migration.attempt))),
    workload: phases.workload.map((child) =>
      child.kind === "Deployment" && migration !== undefined ? annotated(child, { [MIGRATION_ANNOTATION]: migration }) : child,
    ),
  };
}

/** Whether what serves can be applied while a migration is under way: not where its own roles are what changes. */
function isMigratedFor({ state }: Tools, { namespace, module }: Work, { workload }: Record<ChildPhase, KubeObject[]>): boolean {
  const wanted = workload.find(({ kind }) => kind === "Deployment")?.metadata.annotations?.[MIGRATION_ANNOTATION];
  const live = state.children("Deployment").get(namespace, module.metadata.name)?.metadata.annotations?.[MIGRATION_ANNOTATION];
  return wanted === live;
}

function partsFor({ state }: Tools, work: Work, module: Module): Parts {
  const { namespace, revisions, rollout, administratorUrl } = work;
  const { name } = module.metadata;
  const latest = latestRevision(revisions);
  const heldReplicas = findHeldReplicas();
  return {
    revision: latest === undefined ? 1 : latest.name === rollout.target ? latest.number : latest.number + 1,
    migrationAttempt: work.migration.attempt,
    ...(heldReplicas !== undefined && { heldReplicas }),
    ...(administratorUrl !== undefined &&
      needsPostgres(module) && {
        database: databaseAccess(module, administratorUrl, {
          service: state.children("Secret").get(namespace, databaseSecretName(name)),
          owner: state.children("Secret").get(namespace, ownerSecretName(name)),
        }),
      }),
  };

  /** Once the autoscaler has changed the count it owns it, and the operator can let go. */
  function findHeldReplicas(): number | undefined {
    if (module.spec.autoscaling === undefined) return undefined;
    const autoscaler = state.children("HorizontalPodAutoscaler").get(namespace, name);
    const hasScaled = (autoscaler?.status as { lastScaleTime?: string } | undefined)?.lastScaleTime !== undefined;
    const deployment = state.children("Deployment").get(namespace, name);
    return hasScaled ? undefined : (deployment?.spec as { replicas?: number } | undefined)?.replicas;
  }
}

/** All of the first, and of the others those that have no namesake there. */
function unite(first: readonly KubeObject[], others: readonly KubeObject[]): KubeObject[] {
  const keys = new Set(first.map(childKey));
  return [...first, ...others.filter((child) => !keys.has(childKey(child)))];
}
