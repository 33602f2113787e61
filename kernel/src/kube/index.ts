export { type CallOptions, createKubeClient, type KubeClient, type KubeClientOptions } from "./client.ts";
export { type ConnectionOptions, type Incoming, type KubeConnection, type Outgoing, openConnection, type Purpose } from "./connection.ts";
export {
  type CredentialFiles,
  type CredentialSource,
  type Credentials,
  openFileCredentials,
  sameTls,
  type TlsIdentity,
} from "./credentials.ts";
export {
  isAlreadyExists,
  isConflict,
  isExpired,
  isInvalid,
  isNotFound,
  isTransient,
  KubeError,
  type StatusDetails,
} from "./errors.ts";
export { type FollowOptions, follow, type ObjectEventType } from "./follow.ts";
export { type InClusterOptions, inClusterNamespace, isInCluster, openInClusterConnection } from "./in-cluster.ts";
export { createKubeMetrics, type KubeMetrics } from "./kube-metrics.ts";
export { createRequestLimiter, type RequestLimiter } from "./limiter.ts";
export type { KubeList, ListAt, ListOptions } from "./list.ts";
export { withoutManagedFields } from "./managed-fields.ts";
export type { KubeObject, ObjectMeta, OwnerReference, Resource } from "./object.ts";
export type { KubeRequest } from "./request.ts";
export { apiVersionOf, type Query, type ResourceAt, resourcePath } from "./resource-path.ts";
