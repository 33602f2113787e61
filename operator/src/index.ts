/** What the command line uses of the operator; its own process begins in main.ts. */
export { KINDS } from "./kube/kinds.ts";
export { type KubeconfigConnection, type KubeconfigOptions, openKubeconfigConnection } from "./kube/open-kubeconfig.ts";
export { createWriter, type Writer } from "./kube/writer.ts";
export { MODULE_LABEL } from "./module/desired/metadata.ts";
export { atRevision, type Revision, readRevision, revisionName } from "./module/revisions.ts";
export { DEFAULT_SETTINGS, type Settings } from "./module/settings.ts";
export type { ModulePlan, Plan, PlannedObject } from "./plan/plan.ts";
export { type ClusterPlanOptions, planCluster } from "./plan/plan-cluster.ts";
export { type OfflinePlanOptions, planOffline } from "./plan/plan-offline.ts";
