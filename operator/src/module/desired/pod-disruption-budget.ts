import type { KubeObject } from "@plinth/kernel/kube";
import type { Resolved } from "../resolved.ts";
import type { Settings } from "../settings.ts";
import { childMetadata, selectorOf } from "./metadata.ts";

/**
 * Keeps replicas when nodes are emptied. One that is not ready anyway may always go: a broken module must not keep a node from being mended. None in
 * development.
 */
export function buildPodDisruptionBudget({ module }: Resolved, { development }: Settings): KubeObject | undefined {
  const { disruption } = module.spec;
  if (disruption === undefined || development) return undefined;
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: childMetadata(module),
    spec: {
      minAvailable: disruption.minAvailable,
      unhealthyPodEvictionPolicy: "AlwaysAllow",
      selector: { matchLabels: selectorOf(module) },
    },
  };
}
