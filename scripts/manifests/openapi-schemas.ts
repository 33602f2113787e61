import type { KubeClient } from "@plinth/kernel/kube";

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
type Schema = { [keyword: string]: Json };

interface OpenApiDocument {
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

interface OpenApiIndex {
  readonly paths: Readonly<Record<string, { readonly serverRelativeURL: string }>>;
}

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/**
 * A JSON Schema for each kind that an API server serves, CRDs included, by the file name under which kubeconform looks: `deployment-apps-v1.json`.
 * Unknown fields are errors, as they are for the server.
 */
export async function openApiSchemas(client: KubeClient): Promise<Map<string, Schema>> {
  // The index of the documents comes as plain text.
  const index = JSON.parse(await client.request<string>({ method: "GET", path: "/openapi/v3" })) as OpenApiIndex;
  const files = new Map<string, Schema>();
  for (const { serverRelativeURL } of Object.values(index.paths)) {
    const url = new URL(serverRelativeURL, "http://server");
    const document = await client.request<OpenApiDocument>({
      method: "GET",
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
    });
    for (const [file, schema] of schemasOf(document)) files.set(file, schema);
  }
  return files;
}

/** The kinds of one group and version, each with all definitions that it needs. */
function schemasOf({ components }: OpenApiDocument): [file: string, schema: Schema][] {
  const all = components?.schemas ?? {};
  const found: [string, Schema][] = [];
  for (const [name, schema] of Object.entries(all)) {
    const kinds = (schema["x-kubernetes-group-version-kind"] as unknown as GroupVersionKind[] | undefined) ?? [];
    // Options of requests have a kind in every group; nobody keeps them in a file.
    if (kinds.length !== 1 || kinds[0] === undefined) continue;
    const definitions: Record<string, Json> = {};
    collect(schema, all, definitions);
    found.push([fileName(kinds[0]), { ...(strict(schema) as Schema), definitions, $comment: name }]);
  }
  return found;
}

function fileName({ group, version, kind }: GroupVersionKind): string {
  return `${[kind, ...(group === "" ? [] : [group.split(".")[0]]), version].join("-").toLowerCase()}.json`;
}

function collect(value: Json, all: Readonly<Record<string, Schema>>, into: Record<string, Json>): void {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value) && typeof value.$ref === "string") {
    const name = value.$ref.replace("#/components/schemas/", "");
    const schema = all[name];
    if (schema === undefined || into[name] !== undefined) return;
    into[name] = {};
    into[name] = strict(schema);
    collect(schema, all, into);
  }
  for (const inner of Object.values(value)) collect(inner as Json, all, into);
}

/** Fields that are not named are refused where any are named, and references lead into the same file. */
function strict(value: Json): Json {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(strict);
  const node: Schema = {};
  for (const [key, inner] of Object.entries(value)) {
    if (key === "$ref" && typeof inner === "string") node.$ref = inner.replace("#/components/schemas/", "#/definitions/");
    else if (key === "properties") node.properties = mapValues(inner as Schema, strict);
    // A default of the server is none of the file's; formats such as int-or-string are its own.
    else if (key !== "default" && key !== "format" && !key.startsWith("x-kubernetes-")) node[key] = strict(inner);
  }
  if (node.properties !== undefined && value["x-kubernetes-preserve-unknown-fields"] !== true && node.additionalProperties === undefined)
    node.additionalProperties = false;
  if (value["x-kubernetes-int-or-string"] === true || value.format === "int-or-string") delete node.type;
  // A file says null where it leaves a field empty: metadata.creationTimestamp of what kubectl printed.
  if (typeof node.type === "string") node.type = [node.type, "null"];
  return node;
}

function mapValues(fields: Schema, change: (field: Json) => Json): Schema {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, change(field)]));
}
