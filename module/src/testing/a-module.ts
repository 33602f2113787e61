import type { Module } from "../schema/module.ts";
import type { ModuleSpec } from "../schema/spec.ts";

/** A module for tests: whatever is not given is as small as it can be. */
export function aModule(name: string, spec: Partial<ModuleSpec> = {}): Module {
  return { apiVersion: "plinth.dev/v1alpha1", kind: "Module", metadata: { name }, spec: { version: "1.0.0", ...spec } };
}

/** The file of a module, for tests of the parser. */
export function aModuleText(name: string, spec: string): string {
  const lines = spec.split("\n").map((line) => `  ${line}`);
  return [
    "apiVersion: plinth.dev/v1alpha1",
    "kind: Module",
    "metadata:",
    `  name: ${name}`,
    "spec:",
    "  version: 1.0.0",
    ...lines,
    "",
  ].join("\n");
}
