import { Module } from "@plinth/module";
import type { AdmissionRequest, PatchStep, Verdict } from "./admission-review.ts";

/** Keeps a Module until the operator has taken down what belongs to it. */
export const FINALIZER = "plinth.dev/module";

interface SchemaNode {
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
}

/** Adds the finalizer to a new Module, and to every Module the defaults that its schema declares. Applied to its own result it adds nothing. */
export function defaultModule({ operation, object }: AdmissionRequest): Verdict {
  if (object === undefined || operation === "DELETE" || object.metadata.deletionTimestamp !== undefined) return { allowed: true };
  const patch: PatchStep[] = operation === "CREATE" ? finalizer(object.metadata.finalizers) : [];
  addDefaults(Module.properties.spec as SchemaNode, object.spec, "/spec", patch);
  return { allowed: true, patch };
}

function finalizer(present: unknown): PatchStep[] {
  if (!Array.isArray(present)) return [{ op: "add", path: "/metadata/finalizers", value: [FINALIZER] }];
  return present.includes(FINALIZER) ? [] : [{ op: "add", path: "/metadata/finalizers/-", value: FINALIZER }];
}

/** Fields are filled in where their object is there; an object that was left out stays so. */
function addDefaults(schema: SchemaNode, value: unknown, path: string, patch: PatchStep[]): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) if (schema.items !== undefined) addDefaults(schema.items, item, `${path}/${index}`, patch);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const at = `${path}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    const present = (value as Record<string, unknown>)[name];
    if (present !== undefined) addDefaults(field, present, at, patch);
    else if (field.default !== undefined) patch.push({ op: "add", path: at, value: field.default });
  }
}
