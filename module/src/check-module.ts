import { createRequire } from "node:module";
import type * as ajvPackage from "ajv";
import { didYouMean } from "./did-you-mean.ts";
import { type FieldPath, parseJsonPointer, valueAt } from "./field-path.ts";
import { type Finding, toProblem } from "./finding.ts";
import type { Problem, Reason } from "./problem.ts";
import { ANNOTATIONS } from "./schema/field-types.ts";
import { matcherOf } from "./schema/matcher.ts";
import { Module } from "./schema/module.ts";

/** More findings than this help nobody, and cost memory on hostile input. */
const MAX_FINDINGS = 200;
/** Objects deeper than this are no modules; the limit keeps every recursion over them short. */
const MAX_DEPTH = 64;
const MAX_VALUES = 200_000;

/** Times are written by machines. */
const matchesSchema = matcherOf(Module, { "date-time": () => true }) as (value: unknown) => value is Module;

let explaining: ajvPackage.ValidateFunction | undefined;

/** What is wrong with a value that does not match; the library that knows is loaded only where something is. */
function errorsOf(value: unknown): ajvPackage.ErrorObject[] {
  explaining ??= compileExplaining();
  explaining(value);
  return explaining.errors ?? [];
}

function compileExplaining(): ajvPackage.ValidateFunction {
  const { Ajv } = createRequire(import.meta.url)("ajv") as typeof ajvPackage;
  const ajv = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true, formats: { "date-time": true } });
  ajv.addVocabulary(ANNOTATIONS);
  return ajv.compile(Module);
}

/** What the schema says of a value. */
export interface SchemaCheck {
  /** The value, if it has the form of a module. */
  module?: Module;
  /**
   * Otherwise, if at least the name can be read: the parts that are in order. Good for finding further problems and for telling others that a
   * module of this name is there, not for running.
   */
  draft?: Module;
  findings: Finding[];
}

/** Checks a value against the schema of a module; never throws, whatever the value is. */
export function checkSchema(value: unknown): SchemaCheck {
  const foreign = findNonJson(value);
  if (foreign.length > 0) return withDraft(value, foreign);
  if (matchesSchema(value)) return { module: value, findings: [] };
  return withDraft(
    value,
    errorsOf(value)
      .slice(0, MAX_FINDINGS)
      .map((error) => explain(error, value)),
  );
}

/** Checks a value, for instance an object from a Kubernetes watch, against the schema. Without problems it is a module. */
export function checkModule(value: unknown): { module?: Module; draft?: Module; problems: Problem[] } {
  const { findings, ...read } = checkSchema(value);
  const name = moduleName(value);
  return { ...read, problems: findings.map((finding) => toProblem(name, finding, undefined)) };
}

/** The name of the module that a value means to be; empty if it has none. */
export function moduleName(value: unknown): string {
  const name = valueAt(value, ["metadata", "name"]);
  return typeof name === "string" ? name.slice(0, 100) : "";
}

function explain(error: ajvPackage.ErrorObject, root: unknown): Finding {
  const path = parseJsonPointer(error.instancePath, root);
  const schema = (error.parentSchema ?? {}) as Record<string, unknown>;
  const reason = (schema["x-reason"] as Reason | undefined) ?? "SchemaInvalid";
  const mend = schema["x-mend"] as string | undefined;
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case "additionalProperties": {
      const key = String(params.additionalProperty);
      const known = Object.keys((schema.properties ?? {}) as object);
      return {
        reason,
        path: [...path, key],
        value: valueAt(root, [...path, key]),
        message: `unknown field ${JSON.stringify(key.slice(0, 60))}`,
        mend: mendUnknown(key, known, path),
      };
    }
    case "required": {
      const key = String(params.missingProperty);
      const child = (schema.properties as Record<string, Record<string, unknown>> | undefined)?.[key];
      const missingReason = (child?.["x-reason"] as Reason | undefined) ?? reason;
      return { reason: missingReason, path: [...path, key], value: undefined, message: "a required field is missing", mend: `add ${key}` };
    }
    case "type": {
      const wanted = [params.type].flat().map(article).join(" or ");
      return { reason, path, value: error.data, message: `must be ${wanted}`, mend: mend ?? `write ${wanted} here` };
    }
    case "enum": {
      const allowed = params.allowedValues as string[];
      const guess = typeof error.data === "string" ? didYouMean(error.data, allowed) : undefined;
      const choice = allowed.length === 1 ? `write ${allowed[0]}` : `choose one of ${allowed.join(", ")}`;
      return {
        reason,
        path,
        value: error.data,
        message: "is none of the allowed values",
        mend: guess === undefined ? choice : `did you mean ${guess}?`,
      };
    }
    case "pattern":
      return {
        reason,
        path,
        value: error.data,
        message: "does not have the form that is needed here",
        mend: mend ?? `match ${String(params.pattern)}`,
      };
    case "uniqueItems":
      return {
        reason,
        path: [...path, Number(params.j)],
        value: valueAt(root, [...path, Number(params.j)]),
        message: "is listed twice",
        mend: "take one of them away",
      };
    default:
      return {
        reason,
        path,
        value: error.data,
        message: error.message ?? "is not allowed here",
        mend: mend ?? `keep to the limit: ${error.message ?? error.keyword}`,
      };
  }
}

function mendUnknown(key: string, known: readonly string[], path: FieldPath): string {
  if (path[0] === "spec" && path[1] === "secrets")
    return "name where the secret is kept (from: {secret, key}); its value is never written here";
  const guess = didYouMean(key, known);
  if (guess !== undefined) return `did you mean ${guess}?`;
  return known.length === 0 ? "take it away" : `take it away, or use one of ${[...known].sort().join(", ")}`;
}

function article(type: unknown): string {
  if (type === "array") return "a list";
  if (type === "object") return "a mapping of fields";
  if (type === "integer") return "a whole number";
  if (type === "boolean") return "true or false";
  if (type === "string") return "a text";
  return `a ${String(type)}`;
}

/** Values that JSON cannot carry, or that would bite whoever handles them: no rule after this one has to think of them. */
function findNonJson(root: unknown): Finding[] {
  const findings: Finding[] = [];
  const report = (path: FieldPath, value: unknown, message: string, mend: string): void => {
    if (findings.length < MAX_FINDINGS) findings.push({ reason: "SchemaInvalid", path, value, message, mend });
  };
  let values = 0;
  const visit = (value: unknown, path: (string | number)[]): void => {
    if (++values > MAX_VALUES) {
      if (values === MAX_VALUES + 1) report([], undefined, `has more than ${MAX_VALUES} values`, "make it smaller");
    } else if (path.length > MAX_DEPTH) {
      report(path.slice(0, 8), undefined, `is nested deeper than ${MAX_DEPTH} levels`, "make it flatter");
    } else if (typeof value === "number" && !Number.isFinite(value)) {
      report([...path], value, "is no finite number", "write a number that JSON can carry");
    } else if (typeof value === "function" || typeof value === "symbol" || typeof value === "bigint") {
      report([...path], undefined, "is no JSON value", "take it away");
    } else if (typeof value === "object" && value !== null) {
      for (const [key, child] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
        if (key === "__proto__") report([...path, key], undefined, "a field cannot have this name", "take it away");
        path.push(key);
        visit(child, path);
        path.pop();
      }
    }
  };
  visit(root, []);
  return findings;
}

/** Fields that would look wrong without another one: whatever calls names is no dependency if the dependencies could not be read. */
const READ_TOGETHER: ReadonlyMap<string, readonly string[]> = new Map([
  ["dependencies", ["calls", "events"]],
  ["config", ["configSchema"]],
]);

/** Keeps of a broken module each field of its spec that is in order: whole fields, so that the paths of what is left stay true. */
function withDraft(value: unknown, findings: Finding[]): SchemaCheck {
  const name = moduleName(value);
  const spec = valueAt(value, ["spec"]);
  const broken = new Set(findings.filter((finding) => finding.path[0] === "spec").map((finding) => String(finding.path[1])));
  for (const field of [...broken]) for (const other of READ_TOGETHER.get(field) ?? []) broken.add(other);
  const kept = typeof spec === "object" && spec !== null ? Object.entries(spec).filter(([key]) => !broken.has(key)) : [];
  const annotations = valueAt(value, ["metadata", "annotations"]);
  const draft = {
    apiVersion: Module.properties.apiVersion.enum[0],
    kind: Module.properties.kind.enum[0],
    metadata: { name, ...(matchesAnnotations(annotations) ? { annotations } : {}) },
    spec: { version: "0.0.0", ...Object.fromEntries(kept) },
  };
  return findNonJson(draft).length === 0 && matchesSchema(draft) ? { draft, findings } : { findings };
}

function matchesAnnotations(value: unknown): value is Record<string, string> {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every((text) => typeof text === "string")
  );
}
