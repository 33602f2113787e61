import { createRequire } from "node:module";
import { RE2JS } from "@bufbuild/re2";
import type * as ajvPackage from "ajv";
import type { ErrorObject, ValidateFunction } from "ajv";
import type * as formatsPackage from "ajv-formats";
import { parseJsonPointer, valueAt } from "../field-path.ts";
import type { Report } from "../finding.ts";
import type { Module } from "../schema/module.ts";

type ConfigSchema = NonNullable<Module["spec"]["configSchema"]>;

// A module's schema comes from its author, who must not be able to stop whoever checks it: patterns run in time linear in the text.
const regExp = Object.assign((pattern: string) => new RE2JS(pattern), { code: "regExp" });

/** Loaded with the first schema of a module: most modules have none, and a library costs whoever loads it a start and memory. */
function loadAjv(): {
  readonly Ajv: typeof ajvPackage.Ajv;
  readonly metaSchema: ajvPackage.Ajv;
  readonly addFormats: formatsPackage.FormatsPlugin;
} {
  const load = createRequire(import.meta.url);
  const { Ajv } = load("ajv") as typeof ajvPackage;
  const { default: addFormats } = load("ajv-formats") as { readonly default: formatsPackage.FormatsPlugin };
  return { Ajv, metaSchema: new Ajv({ strict: false }), addFormats };
}

let loaded: ReturnType<typeof loadAjv> | undefined;

/** Compiling costs a millisecond, and the same module is checked again whenever another one changes. */
const compiled = new WeakMap<ConfigSchema, ValidateFunction | string>();

/** `config` keeps to `configSchema`. Values that come from elsewhere at run time are checked again there. */
export function checkConfig(module: Module, report: Report): void {
  const { config = {}, configSchema } = module.spec;
  if (configSchema === undefined) return;
  const validate = compile(configSchema);
  if (typeof validate === "string") {
    const mend = "write a JSON Schema (draft-07) without references to other files";
    report({ reason: "ConfigInvalid", path: ["spec", "configSchema"], value: undefined, message: `is no JSON Schema: ${validate}`, mend });
    return;
  }
  try {
    if (validate(config)) return;
  } catch {
    const message = "the configuration cannot be checked against it: it refers to itself without end";
    report({
      reason: "ConfigInvalid",
      path: ["spec", "configSchema"],
      value: undefined,
      message,
      mend: "take the circle of references away",
    });
    return;
  }
  for (const error of (validate.errors ?? []).slice(0, 100)) report(explain(error, config));
}

function explain(error: ErrorObject, config: unknown): Parameters<Report>[0] {
  const params = error.params as Record<string, unknown>;
  const path = ["spec", "config", ...parseJsonPointer(error.instancePath, config)];
  const missing = error.keyword === "required" ? String(params.missingProperty) : undefined;
  const unknown = error.keyword === "additionalProperties" ? String(params.additionalProperty) : undefined;
  const at = missing ?? unknown;
  const allowed = Array.isArray(params.allowedValues) ? `: ${params.allowedValues.map((value) => JSON.stringify(value)).join(", ")}` : "";
  return {
    reason: "ConfigInvalid",
    path: at === undefined ? path : [...path, at],
    value: missing !== undefined ? undefined : unknown !== undefined ? valueAt(error.data, [unknown]) : error.data,
    message: `breaks configSchema: ${(error.message ?? error.keyword).slice(0, 200)}${allowed.slice(0, 200)}`,
    mend:
      missing !== undefined
        ? `add ${missing}`
        : unknown !== undefined
          ? "take it away, or add it to configSchema"
          : "change the value, or configSchema",
  };
}

/** The check of a schema, or why there is none. */
function compile(schema: ConfigSchema): ValidateFunction | string {
  let result = compiled.get(schema);
  if (result === undefined) {
    result = compileAnew(schema);
    compiled.set(schema, result);
  }
  return result;
}

function compileAnew(schema: ConfigSchema): ValidateFunction | string {
  loaded ??= loadAjv();
  const { Ajv, metaSchema, addFormats } = loaded;
  try {
    if (metaSchema.validateSchema(schema) !== true) return metaSchema.errorsText(metaSchema.errors, { dataVar: "schema" }).slice(0, 300);
    // One instance a schema: two modules may give theirs the same $id.
    const ajv = new Ajv({ allErrors: true, strict: false, validateSchema: false, verbose: true, code: { regExp } });
    addFormats(ajv);
    return ajv.compile(schema);
  } catch (error) {
    return error instanceof Error ? error.message.slice(0, 300) : "unreadable";
  }
}
