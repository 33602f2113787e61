import config from "./jest.config.js";

/** Stories on a real cluster, the one that KUBECONFIG names: one after the other, since they share it. */
export default {
  ...config,
  roots: ["<rootDir>/e2e/cluster"],
  testMatch: ["**/*.cluster.test.ts"],
  testPathIgnorePatterns: ["/node_modules/"],
  testTimeout: 300_000,
  maxWorkers: 1,
};
