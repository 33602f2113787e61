import config from "./jest.config.js";

/** The stories through a whole platform: they take minutes, and kill processes. */
export default { ...config, roots: ["<rootDir>/e2e"] };
