import { revisionName } from "../revisions.ts";
import { describeProblems } from "../verdict.ts";
import { REASON } from "./condition-types.ts";
import { type Claim, claim } from "./conditions.ts";
import type { Observed } from "./observed.ts";

/** Why a module that serves is not as well as it should be; undefined where it is. */
export function degradedBy(observed: Observed): Claim | undefined {
  const { serving, rollout, conflicts, deployment, verdict } = observed;
  if (serving === undefined) return undefined;
  if (conflicts.length > 0) return claim("True", REASON.ownershipConflict, conflicts.join("\n"));
  const isSettled = rollout.step === "done" || rollout.step === "rolled-back" || rollout.step === "migrate" || rollout.step === "paused";
  const ready = deployment?.ready ?? 0;
  if (isSettled && ready < (deployment?.wanted ?? 1)) {
    return claim("True", REASON.replicasNotReady, `${ready} of ${deployment?.wanted ?? 1} replicas are ready`);
  }
  if (isLate({ rollout, deployment })) return claim("True", REASON.progressDeadlineExceeded, deployment?.message);
  if (lacksOnlySecrets(observed)) return claim("True", "SecretMissing", describeProblems(verdict.refused));
  if (verdict.waiting.length > 0) return claim("True", "DependencyNotRunning", describeProblems(verdict.waiting));
  const missing = verdict.warnings.filter(({ reason }) => reason.startsWith("Dependency"));
  return missing.length === 0 ? undefined : claim("True", REASON.optionalDependencyMissing, describeProblems(missing));
}

/**
 * Whether what is declared serves, and only a secret went since, such as the administrator's: nothing of the declaration is wrong, and the pods have what they
 * need until they are made anew.
 */
export function lacksOnlySecrets({ verdict, status, module }: Pick<Observed, "verdict" | "status" | "module">): boolean {
  const { refused } = verdict;
  return (
    refused.length > 0 && refused.every(({ reason }) => reason === "SecretMissing") && status?.currentRevision === revisionName(module)
  );
}

/** Whether what serves cannot be renewed: another image of the platform, or a restart, that does not come up. The pods of before serve on, and hide it. */
export function isLate({ rollout, deployment }: Pick<Observed, "rollout" | "deployment">): boolean {
  return rollout.step === "done" && deployment?.progress === "failed";
}
