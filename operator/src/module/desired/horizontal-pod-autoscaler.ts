import type { KubeObject } from "@plinth/kernel/kube";
import type { Resolved } from "../resolved.ts";
import { childMetadata } from "./metadata.ts";

const DEFAULT_TARGET_CPU = 70;
/** A module that was busy a moment ago will be again: replicas go one minute's worth at a time, and only after five quiet ones. */
const SCALE_DOWN = { stabilizationWindowSeconds: 300, policies: [{ type: "Percent", value: 50, periodSeconds: 60 }] };

/** Decides how many replicas there are, from the CPU that they use. Undefined where the module gives a number. */
export function buildHorizontalPodAutoscaler({ module }: Resolved): KubeObject | undefined {
  const { autoscaling } = module.spec;
  if (autoscaling === undefined) return undefined;
  const { min, max, targetCPU = DEFAULT_TARGET_CPU } = autoscaling;
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: childMetadata(module),
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: module.metadata.name },
      minReplicas: min,
      maxReplicas: max,
      metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: targetCPU } } }],
      behavior: { scaleDown: SCALE_DOWN },
    },
  };
}
