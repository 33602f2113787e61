import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { KubeObject } from "@plinth/kernel/kube";
import { type Module, type ModuleSpec, neighbourhoods } from "@plinth/module";
import { parse } from "yaml";
import type { Parts } from "../parts.ts";
import { resolveModule } from "../resolved.ts";
import { DEFAULT_SETTINGS, type Settings } from "../settings.ts";
import { buildChildren } from "./children.ts";
import { needsPostgres } from "./needs-postgres.ts";

/** `<name>.module.yaml` is what goes in, `<name>.yaml` what comes out. */
export const TESTDATA = join(import.meta.dirname, "testdata");

export interface GoldenCase {
  readonly name: string;
  /** What the file is there to show. */
  readonly shows: string;
  readonly settings?: Partial<Settings>;
  readonly others?: readonly Module[];
  readonly parts?: Partial<Parts>;
}

const blog = other("blog", { ports: { http: 8020, grpc: 9020 }, routes: [{ path: "/api/v1/blog/**" }] });
const promotion = other("promotion", { ports: { http: 8003, grpc: 9003 } });
const catalog = other("catalog", {
  ports: { http: 8001, grpc: 9001 },
  events: { publishes: [{ topic: "catalog.product", types: ["catalog.product.deleted"], retention: "30d" }] },
});
const order = other("order", {
  ports: { http: 8004, grpc: 9004 },
  dependencies: [{ module: "pricing" }],
  calls: [{ to: "pricing", methods: ["plinth.pricing.v1.PricingService/GetPrice"] }],
});
const auth = other("auth", { ports: { http: 8011, grpc: 9011 } });
const authz = other("authz", { ports: { http: 8015, grpc: 9015 }, routes: [{ path: "/api/v1/authz/**" }] });

const MONITORING = { serviceMonitors: true, prometheusRules: true, dashboards: true, labels: { release: "prometheus" } };

export const GOLDEN_CASES: readonly GoldenCase[] = [
  { name: "foreign-image", shows: "an image with a server of its own, as small as it can be" },
  { name: "foreign-database", shows: "a foreign image with a database, secrets, arguments, environment and hosts outside" },
  { name: "pricing", shows: "everything that the documentation's example says", others: [promotion, catalog, order, blog] },
  {
    name: "gateway",
    shows: "the door: HTTPRoute, tokens for every module with routes, and all objects of monitoring",
    settings: {
      exposure: { kind: "HTTPRoute", hosts: ["api.example.com"], gateways: [{ name: "public", namespace: "infra" }], annotations: {} },
      monitoring: MONITORING,
    },
    others: [auth, authz, blog, promotion],
  },
  { name: "auth", shows: "the issuer of users' tokens, whose keys every module reads" },
  {
    name: "gateway-ingress",
    shows: "the door as an Ingress with TLS",
    settings: {
      exposure: {
        kind: "Ingress",
        hosts: ["api.example.com"],
        className: "nginx",
        tlsSecret: "api-tls",
        annotations: { "nginx.ingress.kubernetes.io/proxy-body-size": "8m" },
      },
    },
    others: [auth, authz],
  },
  { name: "notification", shows: "generated and optional secrets, events and monitoring", settings: { monitoring: MONITORING } },
  { name: "autoscaling", shows: "an autoscaler, which then owns the number of replicas" },
  { name: "recreate", shows: "replicas that must not run side by side, and the second try of a migration", parts: { migrationAttempt: 2 } },
  { name: "events-only", shows: "a role on the bus without a schema: a Job that only provisions" },
  { name: "dns-discovery", shows: "discovery by DNS: no right to EndpointSlices", settings: { discovery: "dns" }, others: [blog] },
  {
    name: "consul-discovery",
    shows: "discovery by Consul, private registries, and a network of which more is known",
    settings: {
      discovery: "consul",
      consulUrl: "http://consul.infra:8500",
      imagePullSecrets: ["registry"],
      network: {
        ...DEFAULT_SETTINGS.network,
        database: { peers: [{ podSelector: { matchLabels: { "app.kubernetes.io/name": "postgres" } } }], ports: [5432] },
        apiServer: { peers: [{ ipBlock: { cidr: "10.96.0.1/32" } }], ports: [443] },
        scrapers: [],
      },
    },
  },
  { name: "development", shows: "files that can be edited, and nothing that holds a roll-out up", settings: { development: true } },
];

/** The children of a case's module. */
export function buildGoldenCase({ name, settings, others = [], parts }: GoldenCase): KubeObject[] {
  const module = readCaseModule(name);
  return buildChildren(
    resolveModule(module, neighbourhoods([module, ...others])(module)),
    { ...DEFAULT_SETTINGS, ...settings },
    { revision: 3, migrationAttempt: 1, ...(needsPostgres(module) && { database: accessOf(module.metadata.name) }), ...parts },
  );
}

/** As the API server has it: with a namespace and a uid. */
export function readCaseModule(name: string): Module {
  const module: Module = parse(readFileSync(join(TESTDATA, `${name}.module.yaml`), "utf8"));
  return { ...module, metadata: { ...module.metadata, namespace: "shop", uid: "5c0e4c1e-3f0b-4a3e-9d5c-0d6a2f6b8a11" } };
}

function accessOf(module: string): NonNullable<Parts["database"]> {
  return {
    username: `plinth_${module}`,
    password: "not-a-secret",
    url: `postgres://plinth_${module}:not-a-secret@postgres.shop:5432/plinth`,
    ownerUrl: `postgres://plinth_${module}_owner:not-a-secret@postgres.shop:5432/plinth`,
  };
}

function other(name: string, spec: Partial<ModuleSpec>): Module {
  return { apiVersion: "plinth.dev/v1alpha1", kind: "Module", metadata: { name }, spec: { version: "1.0.0", ...spec } };
}
