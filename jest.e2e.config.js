import config from "./jest.config.js";

/** The stories through a whole platform: they take minutes, and kill processes. Two platforms at a time fill a small machine. */
export default { ...config, roots: ["<rootDir>/e2e"], maxWorkers: 2 };
