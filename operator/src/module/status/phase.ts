import type { Phase } from "@plinth/module";
import { degradedBy, lacksOnlySecrets } from "./degraded.ts";
import type { Observed } from "./observed.ts";

/**
 * The step of its life that a module is at. Once a version serves, the phase is about that one: what comes after it shows in the conditions, and
 * a migration or roll-out that fails leaves the phase as it is.
 */
export function derivePhase(observed: Observed): Phase {
  const { deletion, module, verdict, rollout, deployment, serving } = observed;
  if (deletion !== undefined && deletion.blockedBy.length === 0) return deployment === undefined ? "Stopped" : "Stopping";
  if (module.spec.paused === true) return "Paused";
  if (verdict.refused.length > 0 && !lacksOnlySecrets(observed)) return "Rejected";
  if (rollout.step === "roll-back" || rollout.step === "fail") return "RollingBack";
  if (serving !== undefined) return degradedBy(observed) === undefined ? "Running" : "Degraded";
  if (rollout.step === "wait") return "Validated";
  if (rollout.step === "migrate") return "Initialized";
  return deployment?.updated === true ? "Started" : "Migrated";
}
