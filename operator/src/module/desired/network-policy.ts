import type { KubeObject } from "@plinth/kernel/kube";
import { type ExternalHost, GATEWAY_MODULE, isKernelModule } from "@plinth/module";
import type { Resolved } from "../resolved.ts";
import type { NetworkTarget, Settings } from "../settings.ts";
import { childMetadata, MODULE_LABEL, NAME_LABEL, selectorOf } from "./metadata.ts";
import { migrationName } from "./names.ts";
import { needsPostgres } from "./needs-postgres.ts";

interface PolicyPort {
  readonly protocol: "TCP" | "UDP";
  readonly port: number;
}

interface IngressRule {
  readonly from?: readonly object[];
  readonly ports?: readonly PolicyPort[];
}

interface EgressRule {
  readonly to?: readonly object[];
  readonly ports?: readonly PolicyPort[];
}

/** Issues end users' tokens: every module fetches its public keys. */
const TOKEN_MODULE = "auth";

const ANY_MODULE = { podSelector: { matchExpressions: [{ key: MODULE_LABEL, operator: "Exists" }] } };

/**
 * Lets through what is declared, and nothing else: in from the callers, the gateway where there are routes, and whoever reads metrics; out to the
 * callees, the database, the bus, DNS, the API server and the declared hosts. Probes come from the node, which policies do not hold back.
 */
export function buildNetworkPolicy(resolved: Resolved, settings: Settings): KubeObject {
  const { module } = resolved;
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: childMetadata(module),
    spec: {
      podSelector: { matchLabels: selectorOf(module) },
      policyTypes: ["Ingress", "Egress"],
      ingress: [...ingressOf(resolved, settings)],
      egress: [...egressOf(resolved, settings)],
    },
  };
}

/**
 * The same for the module's Jobs, which only need the database. One of its own, because they run for a version that may reach what the one that serves
 * may not. Undefined where there are none.
 */
export function buildMigrationPolicy({ module }: Resolved, { network }: Settings): KubeObject | undefined {
  if (!needsPostgres(module)) return undefined;
  const name = migrationName(module.metadata.name);
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: childMetadata(module, name),
    spec: {
      podSelector: { matchLabels: { [NAME_LABEL]: name } },
      policyTypes: ["Ingress", "Egress"],
      ingress: [],
      egress: [target(network.database), target(network.dns, ["UDP", "TCP"])],
    },
  };
}

function* ingressOf({ module, edges }: Resolved, { network }: Settings): Generator<IngressRule> {
  const { name } = module.metadata;
  const http = module.spec.ports?.http;
  const callers = Map.groupBy(
    edges.filter(({ to }) => to === name),
    ({ ports }) => ports.join(),
  );
  for (const group of callers.values()) {
    yield { from: [podsNamed(group.map(({ from }) => from))], ports: tcp(group[0]?.ports ?? []) };
  }
  if (http === undefined) return;
  // It stands at the door: whoever may reach it from outside is decided there.
  if (name === GATEWAY_MODULE) yield { ports: tcp([http]) };
  if (name === TOKEN_MODULE) yield { from: [ANY_MODULE], ports: tcp([http]) };
  if (network.scrapers.length > 0 && isKernelModule(module)) yield { from: network.scrapers, ports: tcp([http]) };
}

function* egressOf({ module, edges }: Resolved, { network, discovery }: Settings): Generator<EgressRule> {
  const { name } = module.metadata;
  for (const { to, ports } of edges.filter(({ from }) => from === name)) yield { to: [podsNamed([to])], ports: tcp(ports) };
  // Which modules have routes changes all the time; each of them says on its own side what the gateway may reach.
  if (name === GATEWAY_MODULE) yield { to: [ANY_MODULE] };
  else if (isKernelModule(module) && name !== TOKEN_MODULE) yield { to: [podsNamed([TOKEN_MODULE])] };
  if (needsPostgres(module)) yield target(network.database);
  yield target(network.dns, ["UDP", "TCP"]);
  if (isKernelModule(module)) yield target(network.apiServer);
  if (discovery === "consul" && isKernelModule(module)) yield target(network.consul);
  for (const host of module.spec.externalHosts ?? []) yield externalRule(host);
}

/** A policy knows addresses, not names: a host by name means its ports, anywhere. */
function externalRule({ host, ports }: ExternalHost): EgressRule {
  const cidr = addressRange(host);
  return { ...(cidr !== undefined && { to: [{ ipBlock: { cidr } }] }), ports: tcp(ports) };
}

function addressRange(host: string): string | undefined {
  const isV6 = host.includes(":");
  if (!isV6 && !/^\d{1,3}(\.\d{1,3}){3}(\/\d+)?$/.test(host)) return undefined;
  return host.includes("/") ? host : `${host}/${isV6 ? 128 : 32}`;
}

function podsNamed(names: readonly string[]): object {
  const [only] = names;
  return names.length === 1 && only !== undefined
    ? { podSelector: { matchLabels: { [NAME_LABEL]: only } } }
    : { podSelector: { matchExpressions: [{ key: NAME_LABEL, operator: "In", values: names }] } };
}

function target({ peers, ports }: NetworkTarget, protocols: readonly PolicyPort["protocol"][] = ["TCP"]): EgressRule {
  return {
    ...(peers.length > 0 && { to: peers }),
    ports: ports.flatMap((port) => protocols.map((protocol) => ({ protocol, port }))),
  };
}

function tcp(ports: readonly number[]): PolicyPort[] {
  return ports.map((port) => ({ protocol: "TCP", port }));
}
