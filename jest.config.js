/** Tests run on the TypeScript sources as ES modules; swc only strips the types. */
export default {
  testEnvironment: "node",
  globalSetup: "<rootDir>/kernel/src/testing/jest-global-setup.ts",
  globalTeardown: "<rootDir>/kernel/src/testing/jest-global-teardown.ts",
  roots: [
    "<rootDir>/module",
    "<rootDir>/kernel",
    "<rootDir>/operator",
    "<rootDir>/cli",
    "<rootDir>/services",
    "<rootDir>/simulators",
    "<rootDir>/scripts",
  ],
  testMatch: ["**/*.test.ts"],
  // Those need an API server, a cluster, or the machine for themselves: jest.components.config.js, jest.cluster.config.js, jest.faults.config.js.
  testPathIgnorePatterns: ["/node_modules/", "\\.(component|cluster|fault)\\.test\\.ts$"],
  extensionsToTreatAsEsm: [".ts"],
  transform: {
    "\\.ts$": [
      "@swc/jest",
      {
        jsc: { target: "es2024", parser: { syntax: "typescript" } },
        module: { type: "es6" },
      },
    ],
  },
  // Servers are started and real processes killed: on a busy machine a step takes longer than the five seconds Jest allows.
  testTimeout: 30_000,
  // One more than the cores of a small machine: half of its time a test file waits for Postgres.
  maxWorkers: 3,
  // With ES modules, Node keeps everything of a test file until the worker ends: workers of 3 GB spent a quarter of their time on garbage,
  // and did not end in the half second that Jest gives them.
  workerIdleMemoryLimit: "512MB",
  watchPathIgnorePatterns: ["\\.plinth/", "proto/gen/"],
};
