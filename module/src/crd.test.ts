import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type CelInput, run } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import { describe, expect, test } from "@jest/globals";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { buildCrd, buildJsonSchema } from "./crd.ts";
import { resolve } from "./resolve.ts";
import type { Module } from "./schema/module.ts";
import type { ModuleSpec } from "./schema/spec.ts";
import { aModule } from "./testing/a-module.ts";

const CRDS = join(import.meta.dirname, "../../k8s/crds");

interface Structural {
  type?: string;
  properties?: Record<string, Structural>;
  additionalProperties?: Structural;
  items?: Structural;
  maxItems?: number;
  maxLength?: number;
  enum?: string[];
  pattern?: string;
  "x-kubernetes-validations"?: { rule: string; message: string }[];
  "x-kubernetes-list-type"?: string;
  "x-kubernetes-int-or-string"?: boolean;
  "x-kubernetes-preserve-unknown-fields"?: boolean;
  [keyword: string]: unknown;
}

const crd = buildCrd() as unknown as { spec: { versions: [{ schema: { openAPIV3Schema: Structural } }] } };
const root = crd.spec.versions[0].schema.openAPIV3Schema;

test("the files in k8s/crds are what scripts/generate-crd.ts writes", () => {
  expect(parse(readFileSync(join(CRDS, "plinth.dev_modules.yaml"), "utf8"))).toEqual(buildCrd());
  expect(JSON.parse(readFileSync(join(CRDS, "module.schema.json"), "utf8"))).toEqual(buildJsonSchema());
});

describe("the structural schema", () => {
  const nodes: [string, Structural][] = [];
  const walk = (path: string, node: Structural): void => {
    nodes.push([path, node]);
    for (const [name, child] of Object.entries(node.properties ?? {})) walk(`${path}.${name}`, child);
    if (node.items !== undefined) walk(`${path}[]`, node.items);
    if (node.additionalProperties !== undefined) walk(`${path}{}`, node.additionalProperties);
  };
  walk("", root);

  test.each(nodes)("%s has only what the API server takes", (path, node) => {
    const allowed = [
      ...[
        "type",
        "properties",
        "required",
        "items",
        "description",
        "default",
        "enum",
        "format",
        "nullable",
        "pattern",
        "additionalProperties",
      ],
      ...["minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "maxProperties", "anyOf"],
      ...["x-kubernetes-validations", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-int-or-string"],
      "x-kubernetes-preserve-unknown-fields",
    ];
    expect(allowed).toEqual(expect.arrayContaining(Object.keys(node)));
    if (node["x-kubernetes-int-or-string"] === true) expect(node.anyOf).toEqual([{ type: "integer" }, { type: "string" }]);
    else expect(["object", "array", "string", "integer", "boolean"]).toContain(node.type);
    if (node.properties !== undefined) expect(node.additionalProperties).toBeUndefined();
    // The cost of a CEL rule is estimated from these.
    if (path.startsWith(".spec") && node.type === "array")
      expect([node.maxItems, node["x-kubernetes-list-type"]]).toEqual([expect.any(Number), expect.any(String)]);
    if (path.startsWith(".spec") && node.type === "string" && node.enum === undefined) expect(node.maxLength).toEqual(expect.any(Number));
    // RE2, in which the API server runs patterns, knows neither look-around nor back-references.
    expect(node.pattern ?? "").not.toMatch(/\(\?|\\[1-9]/);
  });
});

/** What the API server would say: the CEL rules of every node, and unique keys of lists. */
function admissionErrors(node: Structural, value: unknown): string[] {
  if (value === undefined) return [];
  const errors = (node["x-kubernetes-validations"] ?? []).flatMap(({ rule, message }) =>
    run(rule, { self: toCel(value) }, { funcs: strings }) === true ? [] : [message],
  );
  if (Array.isArray(value)) {
    const keys = (node["x-kubernetes-list-map-keys"] ?? []) as string[];
    const seen = value.map((item) => JSON.stringify(keys.length > 0 ? keys.map((key) => item[key]) : item));
    if (node["x-kubernetes-list-type"] !== "atomic" && new Set(seen).size < seen.length) errors.push("duplicate");
    for (const item of value) errors.push(...admissionErrors(node.items ?? {}, item));
  } else if (typeof value === "object" && value !== null) {
    for (const [key, child] of Object.entries(value)) errors.push(...admissionErrors(node.properties?.[key] ?? {}, child));
  }
  return errors;
}

/** CEL tells whole numbers from fractions; JSON's numbers here are all whole. */
function toCel(value: unknown): CelInput {
  if (typeof value === "number") return BigInt(value);
  if (Array.isArray(value)) return value.map(toCel);
  if (typeof value === "object" && value !== null) return new Map(Object.entries(value).map(([key, child]) => [key, toCel(child)]));
  return value as string | boolean;
}

const events = (topic: string, type: string): { topic: string; types: string[] }[] => [{ topic, types: [type] }];

const refused: [string, Partial<ModuleSpec>][] = [
  ["a permission of another module", { permissions: [{ code: "blog.post.read" }] }],
  ["a permission twice", { permissions: [{ code: "shop.a.b" }, { code: "shop.a.b" }] }],
  ["a dependency on itself", { dependencies: [{ module: "shop" }] }],
  ["a call without dependency", { calls: [{ to: "blog", methods: ["a.B/C"] }] }],
  ["a call for nothing", { dependencies: [{ module: "blog" }], calls: [{ to: "blog" }] }],
  ["one port for both", { ports: { http: 8000, grpc: 8000 } }],
  ["a health path without a port to ask on", { health: { path: "/health" }, ports: { grpc: 9000 } }],
  ["replicas and autoscaling", { replicas: 2, autoscaling: { min: 1, max: 2 } }],
  ["autoscaling upside down", { autoscaling: { min: 3, max: 2 } }],
  ["a roll-out that cannot begin", { strategy: { maxSurge: 0, maxUnavailable: "0%" } }],
  ["a built-in role", { roles: [{ name: "user", permissions: [] }] }],
  ["a public route with a permission", { routes: [{ path: "/a", auth: "public", permission: "shop.a.b" }] }],
  ["a type of another topic", { events: { publishes: events("shop", "blog.created") } }],
  ["a subscription to a type of another topic", { events: { subscribes: events("shop", "blog.created") } }],
  ["publishing to the audit topic", { events: { publishes: events("platform.audit", "platform.audit.recorded") } }],
  ["reading the audit topic", { events: { subscribes: events("platform.audit", "platform.audit.recorded") } }],
  ["a schema of Postgres", { database: { schema: "pg_catalog" } }],
  ["the public schema", { database: { schema: "public" } }],
];

/** A second module, so that nothing is refused for the lack of others. */
const blog = aModule("blog");

test.each(refused)("kubectl apply and resolve both refuse %s", (_, spec) => {
  const module: Module = aModule("shop", spec);
  expect(admissionErrors(root, module)).not.toEqual([]);
  expect(resolve([module, blog]).rejected.map((group) => group.module)).toEqual(["shop"]);
});

test("and neither refuses a module that uses everything", () => {
  const module = aModule("shop", {
    dependencies: [{ module: "blog", version: "^1.0.0" }],
    ports: { http: 8000, grpc: 9000 },
    database: { schema: "shop" },
    permissions: [{ code: "shop.a.b" }],
    roles: [{ name: "clerk", permissions: ["shop.a.b"] }],
    calls: [{ to: "blog", methods: ["a.B/C"] }],
    events: { publishes: events("shop", "shop.opened") },
    routes: [{ path: "/a", permission: "shop.a.b" }],
    autoscaling: { min: 1, max: 2 },
  });
  expect(admissionErrors(root, module)).toEqual([]);
  expect(resolve([module, blog]).rejected).toEqual([]);
});

test("the editors' schema is valid JSON Schema, takes a module and refuses an unknown field", () => {
  const validate = new Ajv({ strict: false }).compile(buildJsonSchema());
  expect(validate(aModule("blog"))).toBe(true);
  expect(validate({ ...aModule("blog"), sepc: {} })).toBe(false);
  expect(JSON.stringify(buildJsonSchema())).not.toContain('"x-');
});
