import type { KubeObject } from "@plinth/kernel/kube";

/**
 * An object as stores keep it: without `managedFields`, which are often half of it and which nobody reads here, and frozen in depth, because one
 * object serves every reader. The object given is frozen itself, or at least its parts.
 */
export function frozen<T extends KubeObject>(object: T): T {
  if (Object.isFrozen(object)) return object;
  const kept = withoutManagedFields(object);
  freezeDeep(kept);
  return kept;
}

function withoutManagedFields<T extends KubeObject>(object: T): T {
  if (!("managedFields" in object.metadata)) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function freezeDeep(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  if (Array.isArray(value)) for (const item of value) freezeDeep(item);
  else for (const key in value) freezeDeep((value as Record<string, unknown>)[key]);
  Object.freeze(value);
}
