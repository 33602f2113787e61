import { revisionName } from "../revisions.ts";
import { describeProblem, describeProblems, isAboutDependencies } from "../verdict.ts";
import { type ConditionType, REASON } from "./condition-types.ts";
import { type Claim, claim } from "./conditions.ts";
import { degradedBy, isLate, lacksOnlySecrets } from "./degraded.ts";
import type { Observed } from "./observed.ts";

/** What each condition says of an observation. */
export function buildClaims(observed: Observed): Record<ConditionType, Claim> {
  const progress = progressing(observed);
  const stall = stalled(observed);
  const reconciling =
    stall === undefined && progress.status === "True" ? claim("True", progress.reason, progress.message) : claim("False", progress.reason);
  return {
    Validated: validated(observed),
    DependenciesResolved: dependenciesResolved(observed),
    Migrated: migrated(observed),
    Progressing: progress,
    Degraded: degraded(observed),
    Ready: ready(observed, progress, stall),
    Reconciling: reconciling,
    Stalled: stall ?? claim("False", REASON.asDeclared),
    DeletionBlocked: deletionBlocked(observed),
  };
}

function validated({ verdict }: Observed): Claim {
  const [first, ...others] = verdict.refused.filter((problem) => !isAboutDependencies(problem));
  return first === undefined ? claim("True", REASON.schemaValid) : claim("False", first.reason, describeProblems([first, ...others]));
}

function dependenciesResolved({ verdict, module }: Observed): Claim {
  const [first, ...others] = [...verdict.refused, ...verdict.waiting].filter(isAboutDependencies);
  if (first !== undefined) return claim("False", first.reason, describeProblems([first, ...others]));
  const missing = verdict.warnings.filter(isAboutDependencies);
  if (missing.length > 0) return claim("True", REASON.optionalDependencyMissing, describeProblems(missing));
  return claim("True", (module.spec.dependencies ?? []).length === 0 ? REASON.notNeeded : REASON.allResolved);
}

function migrated({ migration, rollout }: Observed): Claim {
  if (rollout.target === undefined) return claim("Unknown", REASON.pending);
  switch (migration.state) {
    case "not-needed":
      return claim("True", REASON.notNeeded);
    case "succeeded":
      return claim("True", REASON.upToDate);
    case "failed":
      return claim("False", REASON.migrationFailed, migration.message ?? "the migration Job failed; it is tried again");
    case "running":
      return claim("False", REASON.migrationRunning, migration.message);
    default:
      return claim("False", REASON.migrationPending, migration.message);
  }
}

function progressing(observed: Observed): Claim {
  const { deletion, rollout, verdict, deployment, migration, failure, module } = observed;
  if (deletion !== undefined && deletion.blockedBy.length === 0) return claim("True", REASON.stopping, deletion.message);
  if (failure !== undefined) return claim("True", REASON.reconcileFailed, failure);
  switch (rollout.step) {
    case "paused":
      return claim("False", REASON.paused, "spec.paused is set: what runs stays as it is");
    case "migrate":
      return migration.state === "failed"
        ? claim("True", REASON.migrationFailed, migration.message)
        : claim("True", REASON.migrationRunning);
    case "roll-out":
      return claim("True", REASON.rollingOut, deployment?.message);
    case "fail":
    case "roll-back":
      return claim("True", REASON.rollingBack, `${rollout.target} did not come up in time; ${rollout.serve} is restored`);
    case "stuck":
      return claim("False", REASON.progressDeadlineExceeded, deployment?.message);
    case "rolled-back":
      return claim("False", REASON.rolledBack, rolledBackMessage(observed));
    default: {
      const [refusal] = verdict.refused;
      if (refusal !== undefined) return claim("False", refusal.reason, describeProblem(refusal));
      const [cause] = verdict.waiting;
      // What serves already is there; only what is new waits.
      if (cause !== undefined && rollout.target !== revisionName(module)) {
        return claim("True", cause.reason, describeProblem(cause));
      }
      return claim("False", REASON.rolloutComplete);
    }
  }
}

function degraded(observed: Observed): Claim {
  if (observed.rollout.step === "rolled-back") return claim("True", REASON.rolledBack, rolledBackMessage(observed));
  const cause = degradedBy(observed);
  if (cause !== undefined) return cause;
  return observed.serving === undefined ? claim("Unknown", REASON.pending) : claim("False", REASON.asDeclared);
}

function ready(observed: Observed, progress: Claim, stall: Claim | undefined): Claim {
  const { serving, deployment, verdict, rollout, deletion } = observed;
  if (deletion !== undefined && deletion.blockedBy.length === 0) return claim("False", REASON.stopping, deletion.message);
  const [refusal] = verdict.refused;
  if (refusal !== undefined && !lacksOnlySecrets(observed)) return claim("False", refusal.reason, describeProblems(verdict.refused));
  if (serving === undefined) {
    const cause = stall ?? progress;
    return claim("False", cause.reason, cause.message);
  }
  const wanted = deployment?.wanted ?? 1;
  if ((deployment?.ready ?? 0) < Math.min(wanted, 1)) return claim("False", REASON.replicasNotReady, `none of ${wanted} replicas is ready`);
  // The declared state is not reached yet, and has not failed: what serves is another one.
  if (progress.status === "True" && rollout.step !== "done") return claim("Unknown", progress.reason, progress.message);
  return claim("True", wanted === 0 ? REASON.scaledToZero : rollout.step === "rolled-back" ? REASON.rolledBack : REASON.running);
}

function stalled(observed: Observed): Claim | undefined {
  const { verdict, rollout, conflicts, deployment, deletion } = observed;
  if (deletion !== undefined && deletion.blockedBy.length === 0) return undefined;
  const [refusal] = verdict.refused;
  if (refusal !== undefined) return claim("True", refusal.reason, describeProblems(verdict.refused));
  if (conflicts.length > 0) return claim("True", REASON.ownershipConflict, conflicts.join("\n"));
  if (rollout.step === "stuck" || isLate(observed)) return claim("True", REASON.progressDeadlineExceeded, deployment?.message);
  if (rollout.step === "rolled-back") return claim("True", REASON.rolledBack, rolledBackMessage(observed));
  return undefined;
}

function rolledBackMessage({ rollout, module }: Observed): string {
  return `${rollout.target} (version ${module.spec.version}) did not come up in time, ${rollout.serve} serves again; it is not tried again until the spec changes`;
}

function deletionBlocked({ deletion }: Observed): Claim {
  if (deletion === undefined) return claim("False", REASON.notDeleting);
  if (deletion.blockedBy.length === 0) return claim("False", REASON.stopping);
  const names = deletion.blockedBy.join(", ");
  return claim(
    "True",
    REASON.dependentsExist,
    `${names} cannot do without it; delete ${deletion.blockedBy.length === 1 ? "it" : "them"} first, or set the annotation plinth.dev/force-delete: "true"`,
  );
}
