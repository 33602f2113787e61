import type { KubeObject } from "@plinth/kernel/kube";
import type { Resolved } from "../resolved.ts";
import { childMetadata } from "./metadata.ts";

/** Gives the module's ServiceAccount its Role. */
export function buildRoleBinding({ module }: Resolved): KubeObject {
  const { name, namespace } = module.metadata;
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: childMetadata(module),
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
    subjects: [{ kind: "ServiceAccount", name, ...(namespace !== undefined && { namespace }) }],
  };
}
