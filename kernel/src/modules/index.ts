export { type ConfigMapModuleSet, type ConfigMapModuleSetOptions, openConfigMapModuleSet } from "./config-map-module-set.ts";
export { type FileModuleSet, type FileModuleSetOptions, openFileModuleSet } from "./file-module-set.ts";
export { type FixedModuleSet, fixedModuleSet } from "./fixed-module-set.ts";
export { type KubernetesModuleSet, type KubernetesModuleSetOptions, openKubernetesModuleSet } from "./kubernetes-module-set.ts";
export type { ModuleSet, ModuleSnapshot } from "./module-set.ts";
