import type { Module } from "@plinth/module";
import type { ModuleSet, ModuleSnapshot } from "./module-set.ts";

export interface FixedModuleSet extends ModuleSet {
  /** Puts other modules in place of those before, and tells listeners. */
  replace(modules: readonly Module[]): void;
}

/** A set of modules that whoever made it knows best, as in tests; changed only by `replace`. */
export function fixedModuleSet(modules: readonly Module[]): FixedModuleSet {
  const listeners = new Set<(snapshot: ModuleSnapshot) => void>();
  let current: ModuleSnapshot = { revision: 1, modules };
  return {
    get current() {
      return current;
    },
    onChange(listener) {
      const own = (snapshot: ModuleSnapshot) => listener(snapshot);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    replace(next) {
      current = { revision: current.revision + 1, modules: next };
      for (const listener of [...listeners]) listener(current);
    },
  };
}
