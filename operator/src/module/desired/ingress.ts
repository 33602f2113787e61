import type { KubeObject } from "@plinth/kernel/kube";
import { GATEWAY_MODULE } from "@plinth/module";
import type { Resolved } from "../resolved.ts";
import type { Settings } from "../settings.ts";
import { childMetadata } from "./metadata.ts";

/** Opens the gateway to the outside through an Ingress. Only for the gateway, where that is asked for. */
export function buildIngress({ module }: Resolved, { exposure }: Settings): KubeObject | undefined {
  const { name } = module.metadata;
  if (exposure?.kind !== "Ingress" || name !== GATEWAY_MODULE || module.spec.ports?.http === undefined) return undefined;
  const { hosts, className, tlsSecret, annotations } = exposure;
  const http = { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name, port: { name: "http" } } } }] };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: childMetadata(module, undefined, { annotations }),
    spec: {
      ...(className !== undefined && { ingressClassName: className }),
      ...(tlsSecret !== undefined && { tls: [{ secretName: tlsSecret, ...(hosts.length > 0 && { hosts }) }] }),
      rules: hosts.length === 0 ? [{ http }] : hosts.map((host) => ({ host, http })),
    },
  };
}
