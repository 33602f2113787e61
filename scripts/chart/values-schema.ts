import type { Json } from "@plinth/module";
import type { DocumentedValue } from "./documented-values.ts";

type Schema = { readonly [keyword: string]: Json };

const text: Schema = { type: "string" };
const names: Schema = { type: "array", items: { type: "string", minLength: 1 } };
const textMap: Schema = { type: "object", additionalProperties: { type: "string" } };
const seconds: Schema = { type: "integer", minimum: 10, maximum: 3600 };
const pullPolicy: Schema = { enum: ["Always", "IfNotPresent", "Never"] };
const interval: Schema = { type: "string", pattern: "^[1-9][0-9]*(ms|s|m|h)$" };
const objects: Schema = { type: "array", items: { type: "object" } };
/** A part of a Kubernetes object, which the API server checks. */
const open: Schema = { type: "object" };
const target: Schema = {
  type: "object",
  additionalProperties: false,
  properties: { peers: objects, ports: { type: "array", minItems: 1, items: { type: "integer", minimum: 1, maximum: 65535 } } },
};
const requirements: Schema = {
  type: "object",
  additionalProperties: false,
  properties: Object.fromEntries(
    ["requests", "limits"].map((kind): [string, Json] => [kind, { type: "object", additionalProperties: { type: ["string", "integer"] } }]),
  ),
};

/** What the default alone does not tell about a value, by its path. */
const NARROWER: Readonly<Record<string, Schema>> = {
  commonLabels: textMap,
  "image.digest": { type: "string", pattern: "^(sha256:[0-9a-f]{64})?$" },
  "image.pullPolicy": pullPolicy,
  imagePullSecrets: {
    type: "array",
    items: { type: "object", required: ["name"], additionalProperties: false, properties: { name: text } },
  },
  "operator.image.digest": { type: "string", pattern: "^(sha256:[0-9a-f]{64})?$" },
  "operator.image.pullPolicy": pullPolicy,
  "operator.replicas": { type: "integer", minimum: 0, maximum: 10 },
  "operator.namespaces": { ...names, uniqueItems: true },
  "operator.concurrency": { type: "integer", minimum: 1, maximum: 256 },
  "operator.logLevel": { enum: ["error", "warn", "info", "debug"] },
  "operator.resources": requirements,
  "operator.nodeSelector": textMap,
  "operator.tolerations": objects,
  "operator.affinity": open,
  "operator.podAnnotations": textMap,
  "operator.podLabels": textMap,
  "operator.env": { type: "array", items: { type: "object", required: ["name"] } },
  "operator.serviceAccount.annotations": textMap,
  "operator.networkPolicy.egress": objects,
  "webhook.timeoutSeconds": { type: "integer", minimum: 1, maximum: 30 },
  "webhook.certManager.issuerRef": {
    type: "object",
    additionalProperties: false,
    properties: { name: text, kind: text, group: text },
  },
  "wait.timeoutSeconds": seconds,
  "uninstall.timeoutSeconds": seconds,
  "hooks.resources": requirements,
  modules: {
    type: "object",
    propertyNames: { pattern: "^[a-z]([-a-z0-9]*[a-z0-9])?$" },
    additionalProperties: { $ref: "#/definitions/module" },
  },
  "discovery.driver": { enum: ["kubernetes", "dns", "consul"] },
  "discovery.consulUrl": { type: "string", pattern: "^(https?://.+)?$" },
  "gateway.service.type": { enum: ["", "NodePort", "LoadBalancer"] },
  "gateway.service.port": { type: "integer", minimum: 1, maximum: 65535 },
  "gateway.service.nodePort": { type: "integer", minimum: 0, maximum: 65535 },
  "gateway.service.annotations": textMap,
  "gateway.ingress.hosts": names,
  "gateway.ingress.annotations": textMap,
  "gateway.httpRoute.gateways": {
    type: "array",
    items: {
      type: "object",
      required: ["name"],
      additionalProperties: false,
      properties: { name: text, namespace: text, sectionName: text },
    },
  },
  "gateway.httpRoute.hosts": names,
  "gateway.httpRoute.annotations": textMap,
  "network.apiServer": target,
  "network.dns": target,
  "network.database": target,
  "network.consul": target,
  "network.scrapers": objects,
  "postgres.pullPolicy": pullPolicy,
  "postgres.maxConnections": { type: "integer", minimum: 20, maximum: 10000 },
  "postgres.resources": requirements,
  "redis.pullPolicy": pullPolicy,
  "redis.resources": requirements,
  "metrics.interval": interval,
  "metrics.labels": textMap,
  "metrics.dashboardLabels": textMap,
};

/**
 * The JSON Schema by which Helm checks values: a name that does not exist is an error. `moduleSpec` is the schema of a Module's spec, of which values
 * may give any part.
 */
export function buildValuesSchema(values: readonly DocumentedValue[], moduleSpec: Json): Schema {
  const root = group();
  const unused = new Set(Object.keys(NARROWER));
  for (const { path, description, default: fallback } of values) {
    const key = path.join(".");
    unused.delete(key);
    let at = root;
    for (const name of path.slice(0, -1)) at = at.properties[name] = (at.properties[name] as Group | undefined) ?? group();
    at.properties[path.at(-1) ?? ""] = { description, ...(NARROWER[key] ?? inferred(fallback, key)) };
  }
  if (unused.size > 0) throw new Error(`scripts/chart/values-schema.ts narrows what values.yaml does not have: ${[...unused].join(", ")}`);
  // Helm hands these to every chart below another one.
  root.properties.global = { type: "object" };
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Values of the chart plinth",
    ...root,
    definitions: { module: moduleOverlay(moduleSpec) },
  };
}

interface Group extends Schema {
  readonly type: "object";
  readonly additionalProperties: false;
  readonly properties: Record<string, Json>;
}

function group(): Group {
  return { type: "object", additionalProperties: false, properties: {} };
}

function inferred(fallback: unknown, key: string): Schema {
  if (typeof fallback === "string") return text;
  if (typeof fallback === "boolean") return { type: "boolean" };
  throw new Error(`scripts/chart/values-schema.ts must say what ${key} may be: its default does not tell.`);
}

function moduleOverlay(moduleSpec: Json): Schema {
  const spec = partial(moduleSpec) as { properties: Record<string, Json> };
  return {
    ...spec,
    properties: {
      enabled: { type: "boolean", description: "Whether the module is installed." },
      labels: { ...textMap, description: "Labels of the Module." },
      annotations: { ...textMap, description: "Annotations of the Module." },
      ...spec.properties,
    },
  };
}

/** The schema without demands for fields: what is missing in an overlay comes from the file below. Entries of lists replace whole ones. */
function partial(schema: Json): Json {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return schema;
  const { required: _, properties, ...rest } = schema as { required?: Json; properties?: Record<string, Json> } & Record<string, Json>;
  if (properties === undefined) return schema;
  return { ...rest, properties: Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, partial(field)])) };
}
