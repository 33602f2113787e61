import type { KubeObject, OwnerReference } from "@plinth/kernel/kube";

/** What queues and stores know an object by: `namespace/name`; `/name` where the kind has no namespaces. */
export function objectKey(namespace: string | undefined, name: string): string {
  return `${namespace ?? ""}/${name}`;
}

/** The key of an object. */
export function keyOf({ metadata }: KubeObject): string {
  return objectKey(metadata.namespace, metadata.name);
}

/** The two parts of a key; the namespace is empty where the kind has none. */
export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf("/");
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The owner that manages an object: at most one has `controller: true`. */
export function controllerOf({ metadata }: KubeObject): OwnerReference | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true);
}

/** For an index by the uid of the managing owner: that of a name would find the children of its predecessor, too. */
export function indexByOwnerUid(object: KubeObject): string[] {
  const owner = controllerOf(object);
  return owner === undefined ? [] : [owner.uid];
}
