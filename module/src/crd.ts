import { ANNOTATIONS } from "./schema/field-types.ts";
import { API_GROUP, API_VERSION, Module } from "./schema/module.ts";

/** JSON, as it goes into a file or to the API server. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Names that stand in for fields of an object, so they are never keywords. */
const FIELD_MAPS = new Set(["properties"]);

/** The CustomResourceDefinition of Module (apiextensions.k8s.io/v1). */
export function buildCrd(): { readonly [key: string]: Json } {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `modules.${API_GROUP}`, labels: { "app.kubernetes.io/part-of": "plinth" } },
    spec: {
      group: API_GROUP,
      scope: "Namespaced",
      names: {
        kind: "Module",
        listKind: "ModuleList",
        plural: "modules",
        singular: "module",
        shortNames: ["mod"],
        categories: ["plinth", "all"],
      },
      versions: [
        {
          name: API_VERSION,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: rootSchema() },
          subresources: {
            status: {},
            scale: {
              specReplicasPath: ".spec.replicas",
              statusReplicasPath: ".status.replicas",
              labelSelectorPath: ".status.selector",
            },
          },
          additionalPrinterColumns: [
            { name: "Version", type: "string", jsonPath: ".status.version", description: "The version that serves now." },
            { name: "Phase", type: "string", jsonPath: ".status.phase" },
            { name: "Ready", type: "string", jsonPath: ".status.summary.ready", description: "Ready of wanted replicas." },
            { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
            { name: "Dependencies", type: "string", jsonPath: ".status.summary.dependencies", priority: 1 },
            { name: "Reason", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].reason', priority: 1 },
            { name: "Image", type: "string", jsonPath: ".spec.image", priority: 1 },
          ],
        },
      ],
    },
  };
}

/** The JSON Schema of a module file, for editors. Without the status: nobody writes that. */
export function buildJsonSchema(): { readonly [key: string]: Json } {
  const schema = plainSchema(Module) as { properties: { status?: Json } };
  delete schema.properties.status;
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    $id: `https://${API_GROUP}/schemas/module.schema.json`,
    title: "Plinth module",
    ...schema,
  };
}

function rootSchema(): Json {
  const root = structuralSchema(Module) as { properties: { metadata: { properties: { name: Json } } } };
  // The API server has its own schema of metadata, and lets a CRD narrow the name only.
  return {
    ...root,
    properties: { ...root.properties, metadata: { type: "object", properties: { name: root.properties.metadata.properties.name } } },
  };
}

/** A schema without the annotations that are ours or Kubernetes'. */
function plainSchema(schema: unknown): Json {
  return rewrite(schema, (key) => !ANNOTATIONS.includes(key));
}

/** A structural schema: unknown fields are pruned or refused by the server, sets are list types, integers or strings have an extension of their own. */
function structuralSchema(schema: unknown): Json {
  return rewrite(
    schema,
    (key, value) => key !== "x-reason" && key !== "x-mend" && key !== "uniqueItems" && !(key === "additionalProperties" && value === false),
    (node) => {
      if (!Array.isArray(node.type)) return node;
      const { type, ...rest } = node;
      if (Array.isArray(type) && type.includes("null")) return { ...rest, type: "string", nullable: true };
      // The API server knows this pair of types in exactly this form.
      return { anyOf: [{ type: "integer" }, { type: "string" }], ...rest };
    },
  );
}

type SchemaNode = { [key: string]: Json };

function rewrite(
  value: unknown,
  keep: (key: string, value: unknown) => boolean,
  finish: (node: SchemaNode) => SchemaNode = (node) => node,
): Json {
  if (Array.isArray(value)) return value.map((item) => rewrite(item, keep, finish));
  if (typeof value !== "object" || value === null) return value as Json;
  const node: SchemaNode = {};
  for (const [key, child] of Object.entries(value)) {
    if (FIELD_MAPS.has(key)) node[key] = mapValues(child as object, (field) => rewrite(field, keep, finish));
    else if (keep(key, child)) node[key] = rewrite(child, keep, finish);
  }
  return finish(node);
}

function mapValues(fields: object, change: (field: unknown) => Json): Json {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, change(field)]));
}
