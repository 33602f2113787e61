import type { KubeObject, ObjectMeta } from "./object.ts";

/**
 * The object without its `managedFields`, which are half of it and nobody reads. The metadata are copied: to delete a key would turn them into a slow
 * dictionary that takes several times their memory.
 */
export function withoutManagedFields<T extends KubeObject>(object: T): T {
  const meta: ObjectMeta & { managedFields?: unknown } = object.metadata;
  if (meta.managedFields === undefined) return object;
  const { managedFields: _, ...kept } = meta;
  (object as { metadata: ObjectMeta }).metadata = kept;
  return object;
}
