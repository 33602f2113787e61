import type { KubeObject } from "@plinth/kernel/kube";
import { isKernelModule } from "@plinth/module";
import type { Resolved } from "../resolved.ts";
import type { Settings } from "../settings.ts";
import { HEADLESS_LABEL } from "./headless-service.ts";
import { childMetadata, MODULE_LABEL, selectorOf } from "./metadata.ts";

/** Has Prometheus read the module's metrics; of its two Services only the one with an address counts, else each pod would be read twice. */
export function buildServiceMonitor({ module }: Resolved, { monitoring }: Settings): KubeObject | undefined {
  if (!monitoring.serviceMonitors || !isKernelModule(module) || module.spec.ports?.http === undefined) return undefined;
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "ServiceMonitor",
    metadata: childMetadata(module, undefined, { labels: monitoring.labels }),
    spec: {
      selector: { matchLabels: selectorOf(module), matchExpressions: [{ key: HEADLESS_LABEL, operator: "DoesNotExist" }] },
      targetLabels: [MODULE_LABEL],
      endpoints: [{ port: "http", path: "/metrics", interval: "30s", scrapeTimeout: "10s", honorLabels: true }],
    },
  };
}
