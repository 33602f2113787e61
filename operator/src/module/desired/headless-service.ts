import type { KubeObject } from "@plinth/kernel/kube";
import type { Resolved } from "../resolved.ts";
import { childMetadata, selectorOf } from "./metadata.ts";
import { headlessServiceName } from "./names.ts";
import { servicePorts } from "./service.ts";

/** Tells the two Services of a module apart where both would be found by the module's labels. */
export const HEADLESS_LABEL = "plinth.dev/headless";

/**
 * Every ready pod by DNS: gRPC keeps one connection for many calls, so that a caller must see all pods to share its calls among them. Undefined
 * without a gRPC port.
 */
export function buildHeadlessService({ module }: Resolved): KubeObject | undefined {
  if (module.spec.ports?.grpc === undefined) return undefined;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: childMetadata(module, headlessServiceName(module.metadata.name), { labels: { [HEADLESS_LABEL]: "true" } }),
    spec: {
      type: "ClusterIP",
      clusterIP: "None",
      publishNotReadyAddresses: false,
      selector: selectorOf(module),
      ports: servicePorts(module),
    },
  };
}
