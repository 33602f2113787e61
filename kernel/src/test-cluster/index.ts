export type { TokenUser } from "./api-server.ts";
export type { Authority, Certificate } from "./certificates.ts";
export { describeCluster } from "./programs.ts";
export { startTestCluster, type TestCluster, type TestClusterOptions } from "./test-cluster.ts";
