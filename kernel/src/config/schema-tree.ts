import { sensitivityOf } from "../base/sensitive.ts";

/** The part of JSON Schema that says which keys there are. Ajv reads the rest. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly default?: unknown;
  /** JSON Schema's mark for values that are never shown. */
  readonly writeOnly?: boolean;
  readonly [keyword: string]: unknown;
}

export interface SchemaLeaf {
  readonly path: readonly string[];
  readonly schema: Schema;
}

/** The keys that a schema spells out, deepest level only. */
export function schemaLeaves(schema: Schema, path: readonly string[] = []): SchemaLeaf[] {
  if (schema.properties === undefined) return [{ path, schema }];
  return Object.entries(schema.properties).flatMap(([key, below]) => schemaLeaves(below, [...path, key]));
}

/** The schema of a dotted path; keys of maps (`calls.<module>`) lead into `additionalProperties`. */
export function schemaAt(schema: Schema, path: readonly string[]): Schema | undefined {
  let at: Schema | undefined = schema;
  for (const key of path) {
    const named: Schema | undefined = at.properties !== undefined && Object.hasOwn(at.properties, key) ? at.properties[key] : undefined;
    at = named ?? (typeof at.additionalProperties === "object" ? at.additionalProperties : undefined);
    if (at === undefined) return undefined;
  }
  return at;
}

/** Values under a secret's name or a `writeOnly` schema, at any level of the path, are never shown. */
export function isSecretPath(schema: Schema, path: readonly string[]): boolean {
  return path.some((key, index) => sensitivityOf(key) === "secret" || schemaAt(schema, path.slice(0, index + 1))?.writeOnly === true);
}

/**
 * Finds the key that an environment variable's words mean: `SERVER_HTTP_ADDR` → `server.http.addr`, `ROUNDING_MODE` → `roundingMode`,
 * `CALLS_PRICE_LIST_TIMEOUT` → `calls.price-list.timeout`. Undefined when the schema has no such key.
 */
export function findPath(schema: Schema, words: readonly string[]): SchemaLeaf | undefined {
  if (words.length === 0) return schema.properties === undefined ? { path: [], schema } : undefined;
  for (let count = words.length; count > 0; count--) {
    const wanted = words.slice(0, count).join("");
    for (const [key, below] of Object.entries(schema.properties ?? {})) {
      if (key.replaceAll(/[-_]/g, "").toLowerCase() !== wanted) continue;
      const rest = findPath(below, words.slice(count));
      if (rest !== undefined) return { path: [key, ...rest.path], schema: rest.schema };
    }
  }
  if (typeof schema.additionalProperties !== "object") return undefined;
  for (let count = 1; count <= words.length; count++) {
    const rest = findPath(schema.additionalProperties, words.slice(count));
    if (rest !== undefined) return { path: [words.slice(0, count).join("-"), ...rest.path], schema: rest.schema };
  }
  return undefined;
}

/** The variable's name for a key: `roundingMode` of `pricing` → `PRICING_ROUNDING_MODE`. */
export function variableName(prefix: string, path: readonly string[]): string {
  return [prefix, ...path]
    .map((key) =>
      key
        .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
        .replaceAll("-", "_")
        .toUpperCase(),
    )
    .join("_");
}

/** Text of a variable as the type that the schema asks for; text that does not fit stays text, and the check refuses it by its rule. */
export function readAs(schema: Schema, text: string): unknown {
  const types = typeof schema.type === "string" ? [schema.type] : (schema.type ?? []);
  if ((types.includes("number") || types.includes("integer")) && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (types.includes("boolean") && (text === "true" || text === "false")) return text === "true";
  if (types.includes("array") && !text.startsWith("[")) return text === "" ? [] : text.split(",").map((part) => part.trim());
  if (types.includes("array") || types.includes("object")) {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }
  return text;
}
