import type { ModuleStatus } from "@plinth/module";
import { hashOf } from "../desired/desired-hash.ts";
import { describeProblem, type Verdict } from "../verdict.ts";
import { buildClaims } from "./claims.ts";
import { buildConditions } from "./conditions.ts";
import { buildEndpoints } from "./endpoints.ts";
import type { Observed } from "./observed.ts";
import { derivePhase } from "./phase.ts";

/**
 * The status of a module. Nothing in it changes without a cause: the same observation gives the same status at any time, but for the times of
 * conditions whose status changed.
 */
export function deriveStatus(observed: Observed): ModuleStatus {
  const { module, status, verdict, rollout, serving, deployment, migration, dependencies } = observed;
  const isStopping = observed.deletion !== undefined && observed.deletion.blockedBy.length === 0;
  const currentRevision = isStopping ? undefined : rollout.step === "done" ? rollout.target : status?.currentRevision;
  const failedRevision = findFailed(rollout, status);
  const version = serving?.spec.version;
  const previousVersion = status?.version !== undefined && status.version !== version ? status.version : status?.previousVersion;
  const migrations = migration.result ?? status?.migrations;
  const endpoints = buildEndpoints(serving ?? module);
  const problems = statusProblems(verdict);
  const settingsHash = isBrought(observed) ? observed.settingsHash : status?.settingsHash;
  return {
    observedGeneration: module.metadata.generation ?? 0,
    phase: derivePhase(observed),
    ...(version !== undefined && { version }),
    ...(previousVersion !== undefined && { previousVersion }),
    ...(currentRevision !== undefined && { currentRevision }),
    ...(rollout.target !== undefined && { updateRevision: rollout.target }),
    ...(failedRevision !== undefined && { failedRevision }),
    replicas: deployment?.replicas ?? 0,
    readyReplicas: deployment?.ready ?? 0,
    selector: `app.kubernetes.io/name=${module.metadata.name}`,
    ...(dependencies.length > 0 && { dependencies: [...dependencies] }),
    ...(Object.keys(endpoints).length > 0 && { endpoints }),
    ...(migrations !== undefined && { migrations }),
    configHash: hashOf((serving ?? module).spec.config ?? {}, 16),
    ...(settingsHash !== undefined && { settingsHash }),
    summary: {
      ready: `${deployment?.ready ?? 0}/${deployment?.wanted ?? module.spec.replicas ?? module.spec.autoscaling?.min ?? 1}`,
      ...(dependencies.length > 0 && { dependencies: dependencies.map((dependency) => dependency.module).join(",") }),
    },
    ...(problems.length > 0 && { problems }),
    conditions: buildConditions(buildClaims(observed), status?.conditions ?? [], module.metadata.generation ?? 0, observed.now),
  };
}

/** A reconcile that ended before anything was decided has no target, and forgets nothing: what failed would be tried again. */
function findFailed({ step, target }: Observed["rollout"], status: ModuleStatus | undefined): string | undefined {
  if (step === "fail") return target;
  return target === undefined || target === status?.failedRevision ? status?.failedRevision : undefined;
}

/** Whether all that these settings mean for the module is done: a change of settings alone rolls out without a new revision. */
function isBrought({ rollout, deployment, failure, conflicts }: Observed): boolean {
  if (rollout.step === "paused") return true;
  return rollout.step === "done" && deployment?.progress === "complete" && failure === undefined && conflicts.length === 0;
}

/** The API server takes no longer list. */
const MAX_PROBLEMS = 500;

function statusProblems({ refused, waiting, warnings }: Verdict): NonNullable<ModuleStatus["problems"]> {
  return [
    ...[...refused, ...waiting].map((problem) => ({ problem, type: "Error" as const })),
    ...warnings.map((problem) => ({ problem, type: "Warning" as const })),
  ]
    .slice(0, MAX_PROBLEMS)
    .map(({ problem, type }) => ({ path: problem.path, type, reason: problem.reason, message: describeProblem(problem) }));
}
