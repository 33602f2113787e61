import type { Module, ModuleStatus } from "@plinth/module";
import type { DeploymentState } from "../deployment-state.ts";
import type { MigrationState, Rollout } from "../rollout.ts";
import type { DependencyState, Verdict } from "../verdict.ts";

/** What the status of a module is derived from, and nothing else. */
export interface Observed {
  /** As it is declared now. */
  readonly module: Module;
  /** What was written last. */
  readonly status: ModuleStatus | undefined;
  readonly verdict: Verdict;
  readonly rollout: Rollout;
  /** The module at the revision that serves, if any serves; what `rollout` is done with included. */
  readonly serving: Module | undefined;
  readonly deployment: DeploymentState | undefined;
  readonly migration: { readonly state: MigrationState; readonly result?: ModuleStatus["migrations"]; readonly message?: string };
  readonly dependencies: readonly DependencyState[];
  /** Children that belong to somebody else, as `Service pricing (kubectl-client-side-apply)`. */
  readonly conflicts: readonly string[];
  /** Why this reconcile did not come to its end, if it did not. */
  readonly failure: string | undefined;
  /** Undefined while it is not being deleted. */
  readonly deletion: { readonly blockedBy: readonly string[]; readonly message?: string } | undefined;
  /** Of the settings that this reconcile worked with. */
  readonly settingsHash: string;
  readonly now: Date;
}
