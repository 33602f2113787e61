import type { RoutePolicy } from "./route-policy.ts";

/** As much of an OpenAPI document as merging needs to know. */
export interface OpenApiDocument {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly tags?: readonly { readonly name: string }[];
}

const METHODS = new Set(["get", "put", "post", "delete", "options", "head", "patch"]);
const BEARER = "bearer";

/**
 * One document for the whole platform. Only operations that the gateway serves are in it, each with what the gateway asks for: a token, a
 * permission. Where two modules mean different things by one component's name, the later one's gets its module's name in front.
 */
export function mergeOpenApi(
  documents: ReadonlyMap<string, OpenApiDocument>,
  version: string,
  policyAt: (method: string, path: string) => RoutePolicy | undefined,
): object {
  const paths: Record<string, Record<string, unknown>> = {};
  const components: Record<string, Record<string, unknown>> = {
    securitySchemes: { [BEARER]: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
  };
  const tags = new Map<string, { readonly name: string }>();

  for (const [module, original] of [...documents].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const document = withOwnNames(module, original, components);
    for (const [section, entries] of Object.entries(document.components ?? {})) {
      if (section === "securitySchemes") continue;
      components[section] = { ...components[section], ...entries };
    }
    for (const tag of document.tags ?? []) tags.set(tag.name, tag);
    for (const [path, item] of Object.entries(document.paths ?? {})) {
      const sample = path.replace(/\{[^}]*\}/g, "~");
      for (const [method, operation] of Object.entries(item)) {
        const policy = METHODS.has(method) ? policyAt(method.toUpperCase(), sample) : undefined;
        if (policy?.module !== module) continue;
        const served = paths[path] ?? {};
        served[method] = {
          ...(operation as object),
          security: policy.isPublic ? [] : [{ [BEARER]: [] }],
          ...(policy.permission !== undefined && { "x-permission": policy.permission }),
        };
        paths[path] = served;
      }
    }
  }
  return { openapi: "3.1.0", info: { title: "Plinth", version }, paths, components, tags: [...tags.values()] };
}

/** The document with those of its components renamed whose name is taken by something else. */
function withOwnNames(
  module: string,
  document: OpenApiDocument,
  taken: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): OpenApiDocument {
  const renamed = new Map<string, string>();
  for (const [section, entries] of Object.entries(document.components ?? {})) {
    for (const [name, entry] of Object.entries(entries)) {
      const other = taken[section]?.[name];
      if (other !== undefined && JSON.stringify(other) !== JSON.stringify(entry))
        renamed.set(`#/components/${section}/${name}`, `${module}.${name}`);
    }
  }
  if (renamed.size === 0) return document;
  const text = JSON.stringify(document).replace(/"#\/components\/(\w+)\/([^"/]+)"/g, (whole, section: string, name: string) => {
    const own = renamed.get(`#/components/${section}/${name}`);
    return own === undefined ? whole : `"#/components/${section}/${own}"`;
  });
  const copy = JSON.parse(text) as OpenApiDocument;
  const components = Object.fromEntries(
    Object.entries(copy.components ?? {}).map(([section, entries]) => [
      section,
      Object.fromEntries(Object.entries(entries).map(([name, entry]) => [renamed.get(`#/components/${section}/${name}`) ?? name, entry])),
    ]),
  );
  return { ...copy, components };
}
