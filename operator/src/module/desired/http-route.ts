import type { KubeObject } from "@plinth/kernel/kube";
import { GATEWAY_MODULE } from "@plinth/module";
import type { Resolved } from "../resolved.ts";
import type { Settings } from "../settings.ts";
import { childMetadata } from "./metadata.ts";

/** Opens the gateway to the outside through listeners of the Gateway API. Only for the gateway, where that is asked for. */
export function buildHttpRoute({ module }: Resolved, { exposure }: Settings): KubeObject | undefined {
  const { name } = module.metadata;
  const port = module.spec.ports?.http;
  if (exposure?.kind !== "HTTPRoute" || name !== GATEWAY_MODULE || port === undefined) return undefined;
  const { hosts, gateways, annotations } = exposure;
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: childMetadata(module, undefined, { annotations }),
    spec: {
      parentRefs: gateways.map((gateway) => ({ group: "gateway.networking.k8s.io", kind: "Gateway", ...gateway })),
      ...(hosts.length > 0 && { hostnames: hosts }),
      rules: [
        {
          matches: [{ path: { type: "PathPrefix", value: "/" } }],
          backendRefs: [{ group: "", kind: "Service", name, port, weight: 1 }],
        },
      ],
    },
  };
}
