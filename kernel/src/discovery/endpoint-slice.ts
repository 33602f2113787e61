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
  readonly conditions?: { readonly ready?: boolean | null; readonly serving?: boolean | null; readonly terminating?: boolean | null };
  readonly targetRef?: { readonly kind?: string; readonly name?: string };
}

/** The module of a slice: its Service has the module's name. */
export function moduleOfSlice({ metadata }: EndpointSlice): string | undefined {
  return metadata.labels?.["kubernetes.io/service-name"];
}

/** Which pods are asked first: those that are ready; where none is, those that are being ended and still serve; then those whose probe fails. */
const RANKS = ["ready", "ending", "failing"] as const;

type Rank = (typeof RANKS)[number];

/**
 * The instances that slices of one module tell: pods of the best rank that there is. A machine that is too busy to answer probes in time may well
 * answer calls, and no instance at all certainly does not. The version is the Service's, thus in a roll-out the new one for old pods as well.
 */
export function instancesOfSlices(slices: readonly EndpointSlice[]): Instance[] {
  const all = slices.flatMap(candidatesOf);
  const best = RANKS.find((rank) => all.some((candidate) => candidate.rank === rank));
  const byId = new Map<string, Instance>();
  for (const { rank, instance } of all) if (rank === best && !byId.has(instance.id)) byId.set(instance.id, instance);
  return [...byId.values()];
}

function candidatesOf({ metadata, endpoints, ports }: EndpointSlice): { rank: Rank; instance: Instance }[] {
  const portOf = (name: string): number => ports?.find((port) => port.name === name)?.port ?? 0;
  const httpPort = portOf("http");
  const grpcPort = portOf("grpc");
  const version = metadata.labels?.["app.kubernetes.io/version"] ?? "";
  return (endpoints ?? []).flatMap(({ addresses, conditions, targetRef }) => {
    const [host] = addresses;
    const rank = rankOf(conditions);
    if (host === undefined || rank === undefined) return [];
    return [{ rank, instance: { id: targetRef?.name ?? host, host, httpPort, grpcPort, version } }];
  });
}

/** Undefined for what is being ended and serves no more. Not said means ready. */
function rankOf(conditions: Endpoint["conditions"]): Rank | undefined {
  if (conditions?.ready !== false) return "ready";
  if (conditions.terminating === true) return conditions.serving === true ? "ending" : undefined;
  return "failing";
}
