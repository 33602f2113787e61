import type { Module } from "@plinth/module";

/** The named modules and all they need, in the order of `modules`. Throws for a name that is not there. */
export function withDependencies(modules: readonly Module[], names: readonly string[]): Module[] {
  const byName = new Map(modules.map((module) => [module.metadata.name, module]));
  const wanted = new Set<string>();
  const open = [...names];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (wanted.has(name)) continue;
    wanted.add(name);
    for (const dependency of byName.get(name)?.spec.dependencies ?? []) if (byName.has(dependency.module)) open.push(dependency.module);
  }
  return modules.filter((module) => wanted.has(module.metadata.name));
}
