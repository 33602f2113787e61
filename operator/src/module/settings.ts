/** What whoever installs the operator decides for all modules; what one module is, only its own file says. */
export interface Settings {
  /** Image of modules that name none; it also provisions databases for all of them. */
  readonly defaultImage: string;
  readonly imagePullPolicy: "Always" | "IfNotPresent" | "Never";
  /** Names of Secrets with registry credentials, in the module's namespace. */
  readonly imagePullSecrets: readonly string[];
  /** How modules find each other: EndpointSlices by watch, names by DNS, or Consul. */
  readonly discovery: "kubernetes" | "dns" | "consul";
  /** Base URL of Consul's agent; needed where `discovery` is `consul`. */
  readonly consulUrl?: string;
  /** Secret in each module's namespace with the administrator's URL of Postgres, under the key `url`. */
  readonly databaseSecret: string;
  /** Files in pods can be changed, roll-outs do not linger, and nothing is held back from disruption. */
  readonly development: boolean;
  readonly network: NetworkSettings;
  readonly monitoring: MonitoringSettings;
  /** How the gateway is reached from outside; not at all by objects of ours if left out. */
  readonly exposure?: Exposure;
}

/** A peer of a NetworkPolicy (networking.k8s.io/v1), as it stands there. */
export interface NetworkPeer {
  readonly podSelector?: { readonly matchLabels?: Readonly<Record<string, string>> };
  readonly namespaceSelector?: { readonly matchLabels?: Readonly<Record<string, string>> };
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

/** Where something stands that every module may reach: these peers on these TCP ports; no peers means anywhere. */
export interface NetworkTarget {
  readonly peers: readonly NetworkPeer[];
  readonly ports: readonly number[];
}

/** What modules reach beside each other. */
export interface NetworkSettings {
  readonly database: NetworkTarget;
  readonly apiServer: NetworkTarget;
  /** Reached by UDP as well. */
  readonly dns: NetworkTarget;
  readonly consul: NetworkTarget;
  /** Who reads metrics; no peers means that nobody does. */
  readonly scrapers: readonly NetworkPeer[];
}

/** Each object is made only where its kind is served and wanted. */
export interface MonitoringSettings {
  readonly serviceMonitors: boolean;
  readonly prometheusRules: boolean;
  readonly dashboards: boolean;
  /** Labels by which a Prometheus chooses its monitors and rules. */
  readonly labels: Readonly<Record<string, string>>;
}

/** The gateway's door: a route of the Gateway API, or an Ingress. */
export type Exposure =
  | {
      readonly kind: "HTTPRoute";
      /** Empty for all hosts of the listener. */
      readonly hosts: readonly string[];
      readonly gateways: readonly { readonly name: string; readonly namespace?: string; readonly sectionName?: string }[];
      readonly annotations: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: "Ingress";
      readonly hosts: readonly string[];
      /** The cluster's default class if left out. */
      readonly className?: string;
      /** Secret with the certificate of all hosts; no TLS if left out. */
      readonly tlsSecret?: string;
      readonly annotations: Readonly<Record<string, string>>;
    };

/** What holds where nothing is said. The address of the API server and of a cluster's DNS can be told only by its administrator. */
export const DEFAULT_SETTINGS: Settings = {
  defaultImage: "plinth/services:0.1.0",
  imagePullPolicy: "IfNotPresent",
  imagePullSecrets: [],
  discovery: "kubernetes",
  databaseSecret: "plinth-postgres",
  development: false,
  network: {
    database: { peers: [], ports: [5432] },
    apiServer: { peers: [], ports: [443, 6443] },
    dns: { peers: [], ports: [53] },
    consul: { peers: [], ports: [8500] },
    scrapers: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }],
  },
  monitoring: { serviceMonitors: false, prometheusRules: false, dashboards: false, labels: {} },
};
