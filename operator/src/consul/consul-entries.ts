import { callMatrix, consulMatrix, type Module } from "@plinth/module";

/** Where everything lies that the operator writes. */
export const PREFIXES = ["service-permissions/", "service-config/"] as const;

/** What Consul should have of the modules: who may call whom for what, and the configuration of each, as JSON by key. */
export function buildConsulEntries(modules: readonly Module[]): Map<string, string> {
  const entries = consulMatrix(callMatrix(modules));
  for (const { metadata, spec } of modules)
    entries.set(`service-config/${metadata.name}-service/config`, JSON.stringify(spec.config ?? {}));
  return entries;
}
