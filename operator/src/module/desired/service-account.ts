import type { KubeObject } from "@plinth/kernel/kube";
import type { Resolved } from "../resolved.ts";
import { childMetadata } from "./metadata.ts";

/** Who the module is. Its pods mount the tokens that they need, each for one audience, so none comes by itself. */
export function buildServiceAccount({ module }: Resolved): KubeObject {
  return { apiVersion: "v1", kind: "ServiceAccount", metadata: childMetadata(module), automountServiceAccountToken: false };
}
