import type { DeploymentState } from "./deployment-state.ts";

/** What is known when it is decided how a module goes on. Revisions are names of ControllerRevisions. */
export interface RolloutFacts {
  /** The revision of the declared spec; undefined where the spec is refused and cannot become one. */
  readonly declared: string | undefined;
  /** The revision that was accepted last, if any was. */
  readonly accepted: string | undefined;
  /** What serves now, by the status. */
  readonly current: string | undefined;
  /** What was rolled back from, by the status. */
  readonly failed: string | undefined;
  /** A module that it needs is not up. */
  readonly waits: boolean;
  readonly paused: boolean;
  readonly rollbackOnFailure: boolean;
  readonly migration: MigrationState;
  readonly deployment: DeploymentState | undefined;
}

/** How far the migration Job of the target is. `absent`: there must be one, and there is none. */
export type MigrationState = "not-needed" | "absent" | "running" | "succeeded" | "failed";

/**
 * `wait`: nothing can begin, for the spec is refused or waits, and none was accepted before. `fail`: a roll-out failed, to be noted before anything is
 * undone. `stuck`: it failed, and there is nothing to go back to.
 */
export type RolloutStep = "wait" | "paused" | "migrate" | "roll-out" | "stuck" | "fail" | "roll-back" | "rolled-back" | "done";

/** How a module goes on. `target` is the revision that it is on its way to, `serve` the one that its workload has meanwhile. */
export interface Rollout {
  readonly step: RolloutStep;
  readonly target: string | undefined;
  readonly serve: string | undefined;
}

/**
 * What to do now. A pure function of what is there, so that whoever starts anew, at whatever point the last one ended, decides the same.
 *
 * A spec that is refused, or waits and has not begun, leaves the last accepted one as the target. A target is migrated to, rolled out, and serves when
 * all replicas have it; past the deadline it is noted as failed first and undone then: a process that ends between the two goes on undoing.
 */
export function decideRollout(facts: RolloutFacts): Rollout {
  const { current, failed, deployment, migration } = facts;
  const target = chooseTarget(facts);
  if (facts.paused) return { step: "paused", target, serve: undefined };
  if (target === undefined) return { step: "wait", target, serve: undefined };
  if (target === failed && current !== undefined && current !== target) {
    // A replica that fails later does not make it a roll-back again.
    const isBack = deployment?.revision === current && deployment.updated;
    return { step: isBack ? "rolled-back" : "roll-back", target, serve: current };
  }
  if (migration === "absent" || migration === "running" || migration === "failed") return { step: "migrate", target, serve: current };
  if (current === target && deployment?.revision === target) return { step: "done", target, serve: target };
  if (deployment?.revision !== target || deployment.progress === "progressing") return { step: "roll-out", target, serve: target };
  if (deployment.progress === "complete") return { step: "done", target, serve: target };
  if (current === undefined || current === target || !facts.rollbackOnFailure) return { step: "stuck", target, serve: target };
  return { step: "fail", target, serve: target };
}

/** The revision that a module is on its way to: the declared one, unless that is refused, or waits and has not begun. */
export function chooseTarget({ declared, accepted, current, waits }: Omit<RolloutFacts, "migration" | "deployment">): string | undefined {
  const hasBegun = declared !== undefined && (declared === accepted || declared === current);
  return declared !== undefined && (hasBegun || !waits) ? declared : (accepted ?? current);
}
