import { dirname } from "node:path";
import { type Config, loadConfig } from "@plinth/kernel/config";
import { DEFAULT_SETTINGS, type Settings } from "../module/settings.ts";

/** What the operator's own process is told, beside what it does to modules. */
export interface OperatorConfig extends Settings {
  /** Of the release: the Lease is `<name>-operator`, the webhook's objects begin with it. */
  readonly name: string;
  /** Modules that are worked on at the same time. */
  readonly concurrency: number;
  /** Only these namespaces; all of them if left out. */
  readonly namespaces?: readonly string[];
  /** Answers admission reviews if it is there; with a folder, others keep the certificate. */
  readonly webhook?: { readonly certificateFolder?: string };
  /** Descriptors of the platform's own modules, by which calls are checked; those in the image if left out, none if empty. */
  readonly descriptors?: string;
  readonly ports: { readonly metrics: number; readonly health: number; readonly webhook: number };
}

const text = { type: "string", minLength: 1 };
const flag = { type: "boolean" };
const port = { type: "integer", minimum: 0, maximum: 65_535 };
const texts = { type: "array", items: text };
const labels = { type: "object", additionalProperties: { type: "string" } };
const selector = { type: "object", properties: { matchLabels: labels }, additionalProperties: false };
const ipBlock = { type: "object", properties: { cidr: text, except: texts }, required: ["cidr"], additionalProperties: false };
const peers = {
  type: "array",
  items: { type: "object", properties: { podSelector: selector, namespaceSelector: selector, ipBlock }, additionalProperties: false },
};
const target = { type: "object", properties: { peers, ports: { type: "array", items: port } }, additionalProperties: false };
const gateway = {
  type: "object",
  properties: { name: text, namespace: text, sectionName: text },
  required: ["name"],
  additionalProperties: false,
};

/** Every key of the settings file; a key that is not known is a mistake, and not ignored. */
const SCHEMA = {
  type: "object",
  properties: {
    name: text,
    concurrency: { type: "integer", minimum: 1, maximum: 256 },
    namespaces: texts,
    descriptors: { type: "string" },
    webhook: { type: "object", properties: { certificateFolder: text }, additionalProperties: false },
    ports: { type: "object", properties: { metrics: port, health: port, webhook: port }, additionalProperties: false },
    defaultImage: text,
    imagePullPolicy: { enum: ["Always", "IfNotPresent", "Never"] },
    imagePullSecrets: texts,
    discovery: { enum: ["kubernetes", "dns", "consul"] },
    consulUrl: { type: "string", pattern: "^https?://[^/]" },
    databaseSecret: text,
    development: flag,
    network: {
      type: "object",
      properties: { database: target, apiServer: target, dns: target, consul: target, scrapers: peers },
      additionalProperties: false,
    },
    monitoring: {
      type: "object",
      properties: { serviceMonitors: flag, prometheusRules: flag, dashboards: flag, labels },
      additionalProperties: false,
    },
    exposure: {
      type: "object",
      properties: {
        kind: { enum: ["HTTPRoute", "Ingress"] },
        hosts: texts,
        gateways: { type: "array", items: gateway },
        annotations: labels,
        className: text,
        tlsSecret: text,
      },
      required: ["kind"],
      additionalProperties: false,
    },
  },
  additionalProperties: false,
};

/** As long as nothing else is said. */
const DEFAULTS = { name: "plinth", concurrency: 16, ports: { metrics: 8080, health: 8081, webhook: 9443 } };

/** What may be left out of the file, down to the single targets of the network. */
type Given = Partial<Omit<OperatorConfig, "network" | "monitoring" | "ports">> & {
  readonly network?: Partial<Settings["network"]>;
  readonly monitoring?: Partial<Settings["monitoring"]>;
  readonly ports?: Partial<OperatorConfig["ports"]>;
};

/** The operator's configuration: defaults, the settings file, then variables (`OPERATOR_CONCURRENCY`, `PLINTH_LOG_LEVEL`). */
export async function readOperatorConfig(
  settingsFile: string | undefined,
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ config: OperatorConfig; kernel: Config<Given>["kernel"] }> {
  const loaded = await loadConfig<Given>({
    module: { metadata: { name: "operator" }, spec: { configSchema: SCHEMA } },
    folder: settingsFile === undefined ? process.cwd() : dirname(settingsFile),
    environment: env.NODE_ENV ?? "development",
    overlayFile: settingsFile,
    env,
  });
  const { network, monitoring, ports, ...given } = loaded.value;
  const config: OperatorConfig = {
    ...DEFAULT_SETTINGS,
    ...DEFAULTS,
    ...given,
    network: { ...DEFAULT_SETTINGS.network, ...network },
    monitoring: { ...DEFAULT_SETTINGS.monitoring, ...monitoring },
    ports: { ...DEFAULTS.ports, ...ports },
  };
  loaded.close();
  return { config, kernel: loaded.kernel };
}
