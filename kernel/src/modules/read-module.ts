import type { Module } from "@plinth/module";

/**
 * A module as the operator wrote or checked it. Only what everything rests on is looked at: the operator has checked the rest, and a newer one may
 * know fields that this kernel does not. Throws what is missing.
 */
export function readModule(value: unknown): Module {
  const { apiVersion, kind, metadata, spec } = (value ?? {}) as Partial<Module>;
  if (kind !== "Module" || typeof apiVersion !== "string") throw new Error("It is no Module.");
  if (typeof metadata?.name !== "string") throw new Error("It has no metadata.name.");
  if (typeof spec?.version !== "string") throw new Error(`Module ${metadata.name} has no spec.version.`);
  const { name, namespace, labels } = metadata;
  return {
    apiVersion,
    kind,
    metadata: { name, ...(namespace !== undefined && { namespace }), ...(labels !== undefined && { labels }) },
    spec,
  };
}
