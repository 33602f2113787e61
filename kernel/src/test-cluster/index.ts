export type { TokenUser } from "./api-server.ts";
export type { Authority, Certificate } from "./certificates.ts";
export { describeCluster } from "./describe-cluster.ts";
export { type Fault, type FaultProxy, type FaultProxyOptions, type RequestKind, type SeenRequest, startFaultProxy } from "./fault-proxy.ts";
export { asServiceAccount, requestToken } from "./service-account.ts";
export { startTestCluster, type TestCluster, type TestClusterOptions } from "./test-cluster.ts";
