import type { KubeObject } from "@plinth/kernel/kube";
import type { Module } from "@plinth/module";
import type { Resolved } from "../resolved.ts";
import { childMetadata, selectorOf } from "./metadata.ts";

/** The module's one address. Undefined for a module without ports: it is called by nobody. */
export function buildService({ module }: Resolved): KubeObject | undefined {
  const ports = servicePorts(module);
  if (ports.length === 0) return undefined;
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: childMetadata(module),
    spec: { type: "ClusterIP", selector: selectorOf(module), ports },
  };
}

/** `appProtocol` lets meshes and gateways see HTTP/2 without TLS for what it is. */
export function servicePorts({ spec }: Module): object[] {
  const { http, grpc } = spec.ports ?? {};
  return [
    ...(http === undefined ? [] : [{ name: "http", port: http, targetPort: "http", protocol: "TCP", appProtocol: "http" }]),
    ...(grpc === undefined ? [] : [{ name: "grpc", port: grpc, targetPort: "grpc", protocol: "TCP", appProtocol: "kubernetes.io/h2c" }]),
  ];
}
