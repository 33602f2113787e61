import { createRequire } from "node:module";
import { didYouMean, type Matcher, matcherOf } from "@plinth/module";
import type * as ajvPackage from "ajv";
import type { ErrorObject, ValidateFunction } from "ajv";
import type * as formatsPackage from "ajv-formats";
import { parseDuration } from "../base/durations.ts";
import { scrubText } from "../base/sensitive.ts";
import type { ConfigProblem } from "./config-error.ts";
import type { MergedLayers } from "./layers.ts";
import { isSecretPath, type Schema, schemaAt } from "./schema-tree.ts";

/** Compiles the schema once; the answer finds all problems of a merged tree. Throws where the schema is none. */
export function treeChecker(schema: Schema): (merged: MergedLayers) => ConfigProblem[] {
  const matches = tryMatcher(schema);
  // A schema that the short way does not know is compiled at once, so that what is wrong with it shows.
  let validate = matches === undefined ? compile(schema) : undefined;
  return (merged) => {
    if (matches?.(merged.tree) === true) return [];
    validate ??= compile(schema);
    if (validate(merged.tree)) return [];
    return (validate.errors ?? []).map((error) => problemOf(error, schema, merged.sources));
  };
}

/** Undefined for a schema with other keywords than those of our own schemas. */
function tryMatcher(schema: Schema): Matcher | undefined {
  try {
    return matcherOf(schema, { duration: isDuration });
  } catch {
    return undefined;
  }
}

function compile(schema: Schema): ValidateFunction {
  const load = createRequire(import.meta.url);
  const { Ajv } = load("ajv") as typeof ajvPackage;
  const { default: addFormats } = load("ajv-formats") as { readonly default: formatsPackage.FormatsPlugin };
  const ajv = new Ajv({ allErrors: true, strict: false, verbose: true });
  addFormats(ajv);
  ajv.addFormat("duration", { type: "string", validate: isDuration });
  return ajv.compile(schema);
}

/** The layer of a path, or all layers below it. */
export function sourceOf(sources: ReadonlyMap<string, string>, path: string): string | undefined {
  const own = sources.get(path);
  if (own !== undefined) return own;
  const below = new Set<string>();
  for (const [key, source] of sources) if (path === "" || key.startsWith(`${path}.`)) below.add(source);
  return below.size === 0 ? undefined : [...below].join(", ");
}

function problemOf(error: ErrorObject, schema: Schema, sources: ReadonlyMap<string, string>): ConfigProblem {
  const at = error.instancePath
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const { additionalProperty, missingProperty } = error.params as { additionalProperty?: string; missingProperty?: string };
  const path = [...at, ...[additionalProperty ?? missingProperty].filter((key) => key !== undefined)];
  const key = path.join(".");
  const source = sourceOf(sources, key) ?? "not set";
  if (missingProperty !== undefined) return { key, source, rule: "must be set" };
  if (additionalProperty !== undefined) {
    const meant = didYouMean(additionalProperty, Object.keys(schemaAt(schema, at)?.properties ?? {}));
    return { key, source, rule: `is not known${meant === undefined ? "" : `; did you mean "${meant}"?`}` };
  }
  return { key, source, rule: `${ruleText(error)}${isSecretPath(schema, path) ? "" : `, got ${shown(error.data)}`}` };
}

function ruleText(error: ErrorObject): string {
  if (error.keyword === "enum") return `must be one of ${(error.params.allowedValues as unknown[]).map(shown).join(", ")}`;
  if (error.keyword === "format" && error.params.format === "duration") return "must be a duration such as 250ms, 2s, 5m, 1h or 7d";
  return error.message ?? "is refused";
}

/** Mappings and lists are named, not shown: a secret may be inside. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a mapping";
  const text = scrubText(JSON.stringify(value) ?? "nothing");
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

function isDuration(text: string): boolean {
  try {
    parseDuration(text);
    return true;
  } catch {
    return false;
  }
}
