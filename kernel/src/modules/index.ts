export { type FileModuleSet, type FileModuleSetOptions, openFileModuleSet } from "./file-module-set.ts";
export { type FixedModuleSet, fixedModuleSet } from "./fixed-module-set.ts";
export type { ModuleSet, ModuleSnapshot } from "./module-set.ts";
