import config from "./jest.config.js";

/** Processes killed over and over, one file after the other: what they prove is no matter of speed, but two at once would make each other wait. */
export default {
  ...config,
  roots: ["<rootDir>/kernel", "<rootDir>/services"],
  testMatch: ["**/*.fault.test.ts"],
  testPathIgnorePatterns: ["/node_modules/"],
  maxWorkers: 1,
};
