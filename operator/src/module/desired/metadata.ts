import type { KubeObject, ObjectMeta } from "@plinth/kernel/kube";
import { API_GROUP, API_VERSION, type Module } from "@plinth/module";

export const MANAGED_BY = "app.kubernetes.io/managed-by";
export const OPERATOR = "plinth-operator";
export const MODULE_LABEL = "plinth.dev/module";
export const NAME_LABEL = "app.kubernetes.io/name";
const PART_OF = "app.kubernetes.io/part-of";

/** The longest value of a label. */
const MAX_LABEL_LENGTH = 63;

/** The labels of everything that belongs to a module: Kubernetes' recommended ones, and ours. */
export function labelsOf({ metadata, spec }: Module): Record<string, string> {
  return {
    [NAME_LABEL]: metadata.name,
    "app.kubernetes.io/instance": metadata.name,
    "app.kubernetes.io/version": labelValue(spec.version),
    "app.kubernetes.io/component": "module",
    [PART_OF]: metadata.labels?.[PART_OF] ?? "plinth",
    [MANAGED_BY]: OPERATOR,
    [MODULE_LABEL]: metadata.name,
  };
}

/** Selects the pods that serve. A Deployment's selector can never be changed, so it holds what never changes. */
export function selectorOf({ metadata }: Module): Record<string, string> {
  return { [NAME_LABEL]: metadata.name };
}

/** Metadata of a child: it goes away with its Module. A Module that no API server has seen yet has no uid, and its children no owner. */
export function childMetadata(
  module: Module,
  name: string = module.metadata.name,
  extra: { readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> } = {},
): ObjectMeta {
  const { namespace, uid } = module.metadata;
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    labels: { ...labelsOf(module), ...extra.labels },
    ...(extra.annotations !== undefined && Object.keys(extra.annotations).length > 0 && { annotations: extra.annotations }),
    ...(uid !== undefined && { ownerReferences: [{ ...moduleReference(module), uid, controller: true, blockOwnerDeletion: true }] }),
  };
}

/** The Module as others refer to it. */
export function moduleReference({ metadata }: Module): Pick<KubeObject, "apiVersion" | "kind"> & { name: string } {
  return { apiVersion: `${API_GROUP}/${API_VERSION}`, kind: "Module", name: metadata.name };
}

/** A version as a label can hold it: build metadata's `+` is no character of labels. */
function labelValue(version: string): string {
  return version
    .replaceAll("+", "_")
    .slice(0, MAX_LABEL_LENGTH)
    .replace(/[^A-Za-z0-9]+$/, "");
}
