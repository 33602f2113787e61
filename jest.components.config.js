import config from "./jest.config.js";

/** Tests against a real API server and etcd, of which each file starts its own; two of them fill a small machine. */
export default {
  ...config,
  roots: ["<rootDir>/kernel", "<rootDir>/operator", "<rootDir>/cli", "<rootDir>/scripts"],
  testMatch: ["**/*.component.test.ts"],
  testPathIgnorePatterns: [],
  maxWorkers: 2,
};
