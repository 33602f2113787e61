export type { Matrix } from "./matrix.ts";
export { createModuleMatrix, type ModuleMatrix, type ModulesSource } from "./module-matrix.ts";
