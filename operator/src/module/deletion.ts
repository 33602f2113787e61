import type { Module } from "@plinth/module";

/** With this annotation, set to "true", a module goes even though others cannot do without it. */
export const FORCE_DELETE = "plinth.dev/force-delete";

/** What is known of a module that is being deleted. */
export interface DeletionFacts {
  readonly module: Module;
  /** Modules that cannot do without it. */
  readonly requiredBy: readonly string[];
  /** Whether the status still says which revision serves: then gateway and authz still have its routes. */
  readonly isServed: boolean;
  readonly hasDeployment: boolean;
  readonly hasAutoscaler: boolean;
  /** The Job that drops schema and roles. */
  readonly drop: "absent" | "running" | "succeeded" | "failed";
  /** Whether there can be anything to drop: it had roles on the database. */
  readonly hasData: boolean;
}

/** The next step of a deletion. */
export type DeletionStep =
  | { readonly step: "blocked"; readonly by: readonly string[] }
  /** Take the routes away: the status no longer says what serves. */
  | { readonly step: "withdraw" }
  /** Let the pods drain: no autoscaler any more, then no Deployment. */
  | { readonly step: "drain" }
  | { readonly step: "drop"; readonly job: "absent" | "running" | "failed" }
  | { readonly step: "release" };

/**
 * Deletes in the order in which nobody notices: routes away, replicas drained, data dropped if the module says so, and only then the finalizer. A pure
 * function of what is still there: it goes on from wherever the last one ended.
 */
export function nextDeletionStep(facts: DeletionFacts): DeletionStep {
  const { module, requiredBy } = facts;
  const isForced = module.metadata.annotations?.[FORCE_DELETE] === "true";
  // Once it stops it goes to the end: its replicas are gone already.
  const hasBegun = !facts.isServed && !facts.hasDeployment;
  if (requiredBy.length > 0 && !isForced && !hasBegun) return { step: "blocked", by: requiredBy };
  if (facts.isServed) return { step: "withdraw" };
  if (facts.hasDeployment || facts.hasAutoscaler) return { step: "drain" };
  if (module.spec.deletionPolicy === "Delete" && facts.hasData && facts.drop !== "succeeded") return { step: "drop", job: facts.drop };
  return { step: "release" };
}
