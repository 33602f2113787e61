import type { KubeObject, Resource } from "../kube/object.ts";
import type { Instance } from "./discovery.ts";

export const ENDPOINT_SLICES: Resource = {
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  namespaced: true,
};

/**
 * The slices of the modules' Services; their labels are those of the Service. Headless Services repeat what the others say. A Service that somebody
 * else made is no module's.
 */
export const MODULE_SLICES =
  "app.kubernetes.io/managed-by=plinth-operator,kubernetes.io/service-name,!service.kubernetes.io/headless,!plinth.dev/headless";

/** The part of an EndpointSlice that is read here. */
export interface EndpointSlice extends KubeObject {
  readonly addressType: "IPv4" | "IPv6" | "FQDN";
  readonly endpoints?: readonly Endpoint[] | null;
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[] | null;
}

interface Endpoint {
  readonly addresses: readonly string[];
  readonly conditions?: { readonly ready?: boolean | null };
  readonly targetRef?: { readonly kind?: string; readonly name?: string };
}

/** The module of a slice: its Service has the module's name. */
export function moduleOfSlice({ metadata }: EndpointSlice): string | undefined {
  return metadata.labels?.["kubernetes.io/service-name"];
}

/**
 * The instances that a slice tells: pods that are ready and are not being ended. The version is the Service's, thus in a roll-out the new one for old
 * pods as well.
 */
export function instancesOfSlice({ metadata, endpoints, ports }: EndpointSlice): Instance[] {
  const portOf = (name: string): number => ports?.find((port) => port.name === name)?.port ?? 0;
  const httpPort = portOf("http");
  const grpcPort = portOf("grpc");
  const version = metadata.labels?.["app.kubernetes.io/version"] ?? "";
  return (endpoints ?? []).flatMap(({ addresses, conditions, targetRef }) => {
    const [host] = addresses;
    // Not said means ready.
    if (host === undefined || conditions?.ready === false) return [];
    return [{ id: targetRef?.name ?? host, host, httpPort, grpcPort, version }];
  });
}
