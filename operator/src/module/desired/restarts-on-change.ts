import { isKernelModule, type Module } from "@plinth/module";
import type { Settings } from "../settings.ts";

/** Whether the module's process is `plinth run --watch`, so that a changed file takes effect in the pod: in development, for the platform's own image. */
export function restartsOnChange(module: Module, { development }: Settings): boolean {
  const { spec } = module;
  return development && isKernelModule(module) && spec.image === undefined && spec.command === undefined && spec.args === undefined;
}
