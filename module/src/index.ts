/** The Module resource, and every pure function over a set of modules. What is exported here is public. */
export { parseByteSize } from "./byte-size.ts";
export { ALL_METHODS, type CallGrant, callersOf, callMatrix, consulMatrix, type EndpointGrant } from "./call-matrix.ts";
export { checkModule } from "./check-module.ts";
export { buildCrd, buildJsonSchema, type Json } from "./crd.ts";
export { didYouMean } from "./did-you-mean.ts";
export { formatDuration, parseDuration } from "./duration.ts";
export { type FieldPath, formatFieldPath } from "./field-path.ts";
export type { Locate } from "./finding.ts";
export { formatProblem } from "./format-problem.ts";
export { isKernelModule } from "./kernel-module.ts";
export { neighbourhoods } from "./neighbourhood.ts";
export { type NetworkEdge, networkEdges } from "./network-edges.ts";
export { type ModuleFile, type ParsedModules, parseModuleFiles, parseModules } from "./parse-modules.ts";
export { comparePathPatterns, type PathPattern, parsePathPattern, type Segment } from "./path-pattern.ts";
export { emptyPathNode, findInPath, insertPath, type PathNode } from "./path-trie.ts";
export { permissionConstants } from "./permission-constants.ts";
export { type PermissionEntry, type PermissionRegistry, permissionRegistry, type RoleEntry } from "./permission-registry.ts";
export {
  AUDIT_EVENT_TYPE,
  AUDIT_MODULE,
  AUDIT_TOPIC,
  BUILT_IN_ROLES,
  DEFAULT_PARTITIONS,
  DEFAULT_RETENTION,
  GATEWAY_MODULE,
} from "./platform.ts";
export { type Location, type Problem, REASONS, type Reason } from "./problem.ts";
export { splitRequestPath } from "./request-path.ts";
export { type ModuleProblems, type Resolution, type ResolveOptions, resolve } from "./resolve.ts";
export { type RouteEntry, type RouteMatch, type RouteTable, routeTable } from "./route-table.ts";
export { type DescribedFile, rpcMethodsOf } from "./rpc-methods.ts";
export { ALLOW_DOWNGRADE, type HasSecret, type IsReservedSecret } from "./rules/environment.ts";
export type { RpcMethods } from "./rules/shared-names.ts";
export { databaseRoles, databaseSchema } from "./rules/workload.ts";
export { HTTP_METHODS, type HttpMethod } from "./schema/http-method.ts";
export { type Formats, type Matcher, matcherOf } from "./schema/matcher.ts";
export { API_GROUP, API_VERSION, Module } from "./schema/module.ts";
export { type Dependency, ModuleSpec, type Role, type SecretReference } from "./schema/spec.ts";
export type { Call, ExternalHost, Route } from "./schema/spec-traffic.ts";
export { ModuleStatus, PHASES, type Phase } from "./schema/status.ts";
export { ANY_PUBLISHER, type TopicEntry, topics } from "./topics.ts";
export { validateModule } from "./validate-module.ts";
