import config from "./jest.config.js";

/** Tests against a real API server and etcd, of which each file starts its own. */
export default {
  ...config,
  roots: ["<rootDir>/kernel", "<rootDir>/operator", "<rootDir>/cli", "<rootDir>/scripts"],
  testMatch: ["**/*.component.test.ts"],
  testPathIgnorePatterns: [],
};
