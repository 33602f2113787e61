import type { KubeObject } from "@plinth/kernel/kube";
import type { Module } from "@plinth/module";
import type { Resolved } from "../resolved.ts";
import type { Settings } from "../settings.ts";
import { childMetadata, selectorOf } from "./metadata.ts";

/**
 * Keeps replicas when nodes are emptied. One that is not ready anyway may always go: a broken module must not keep a node from being mended. None in
 * development.
 *
 * Neither must a whole one: a module declares once what must stay, and runs in any number of replicas. Where that many are all there are, they go one
 * after another, each once the one before is back; and a sole replica has nobody to stay for it.
 */
export function buildPodDisruptionBudget({ module }: Resolved, { development }: Settings): KubeObject | undefined {
  const { disruption, autoscaling, replicas = 1 } = module.spec;
  if (disruption === undefined || development || (autoscaling === undefined && replicas <= 1)) return undefined;
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: childMetadata(module),
    spec: {
      ...(blocksAll(module, disruption.minAvailable) ? { maxUnavailable: 1 } : { minAvailable: disruption.minAvailable }),
      unhealthyPodEvictionPolicy: "AlwaysAllow",
      selector: { matchLabels: selectorOf(module) },
    },
  };
}

/** Whether no replica may go when there are as few as there can be. Kubernetes rounds a percentage up. */
function blocksAll({ spec }: Module, minAvailable: number | string): boolean {
  const fewest = spec.autoscaling?.min ?? spec.replicas ?? 1;
  const staying = typeof minAvailable === "number" ? minAvailable : Math.ceil((Number.parseInt(minAvailable, 10) * fewest) / 100);
  return staying >= fewest;
}
