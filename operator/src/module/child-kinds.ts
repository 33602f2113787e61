import type { KindName } from "../kube/kinds.ts";

/** Kinds of children that every cluster has. */
export const CHILD_KINDS = [
  "ServiceAccount",
  "Role",
  "RoleBinding",
  "ConfigMap",
  "Secret",
  "Service",
  "NetworkPolicy",
  "ControllerRevision",
  "Job",
  "Deployment",
  "HorizontalPodAutoscaler",
  "PodDisruptionBudget",
] as const satisfies readonly KindName[];
