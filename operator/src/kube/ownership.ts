import { isInvalid, type KubeClient, type KubeObject, resourcePath } from "@plinth/kernel/kube";
import { getKind } from "./kinds.ts";
import { FIELD_MANAGER, type WriteOptions, type Writer } from "./writer.ts";

/**
 * Annotation of what was created, and never applied since. To create costs the API server half of what it takes to apply what is not there; but then the
 * fields belong to the operator as to one who updates, and an apply would not take those away that are no longer wanted. So they are handed over before the
 * first apply, which takes this annotation away, too.
 */
export const CREATED = "plinth.dev/created";

/** The object as it is to be created. */
export function markCreated(object: KubeObject): KubeObject {
  const { metadata } = object;
  return { ...object, metadata: { ...metadata, annotations: { ...metadata.annotations, [CREATED]: "true" } } };
}

export function isMarkedCreated({ metadata }: KubeObject): boolean {
  return metadata.annotations?.[CREATED] !== undefined;
}

/** Fields as `fieldsV1` has them: `f:name`, `k:{keys of an entry}`, `v:value`, and `.` for the thing itself. */
export interface FieldSet {
  readonly [key: string]: FieldSet;
}

interface ManagedFields {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly subresource?: string;
  readonly fieldsV1?: FieldSet;
}

/**
 * Makes the fields that the operator got by creating an object such that it applied: `csaupgrade` of client-go does the same. Answers what was written; undefined
 * where nothing had to be.
 */
export async function handOverFields(
  client: KubeClient,
  writer: Writer,
  object: KubeObject,
  options: WriteOptions,
): Promise<KubeObject | undefined> {
  const { uid } = object.metadata;
  const first = "/metadata/managedFields/0";
  try {
    // Mostly it was the first to write.
    const steps = [
      { op: "test", path: "/metadata/uid", value: uid },
      { op: "test", path: `${first}/manager`, value: FIELD_MANAGER },
      { op: "test", path: `${first}/operation`, value: "Update" },
      { op: "replace", path: `${first}/operation`, value: "Apply" },
    ];
    return await writer.patch(object, steps, { ...options, type: "json" });
  } catch (error) {
    // So the API server calls a step `test` that does not hold.
    if (!isInvalid(error)) throw error;
  }
  const { resourceVersion, managed } = await readManagedFields(client, object, options.signal);
  const index = managed.findIndex(isOwnUpdate);
  if (index === -1) return undefined;
  const applied = managed.find(({ manager, operation }) => manager === FIELD_MANAGER && operation === "Apply");
  const merged: ManagedFields = {
    ...(managed[index] as ManagedFields),
    operation: "Apply",
    fieldsV1: unite(applied?.fieldsV1 ?? {}, managed[index]?.fieldsV1 ?? {}),
  };
  const value = [merged, ...managed.filter((entry, at) => at !== index && entry !== applied)];
  const steps = [
    { op: "test", path: "/metadata/resourceVersion", value: resourceVersion },
    { op: "replace", path: "/metadata/managedFields", value },
  ];
  return writer.patch(object, steps, { ...options, type: "json" });
}

/** The fields that the operator has by having created an object; none where they were handed over. */
export async function createdFields(client: KubeClient, object: KubeObject): Promise<FieldSet> {
  return (await readManagedFields(client, object)).managed.find(isOwnUpdate)?.fieldsV1 ?? {};
}

function isOwnUpdate({ manager, operation, subresource }: ManagedFields): boolean {
  return manager === FIELD_MANAGER && operation === "Update" && subresource === undefined;
}

async function readManagedFields(
  client: KubeClient,
  object: KubeObject,
  signal?: AbortSignal,
): Promise<{ resourceVersion: string | undefined; managed: readonly ManagedFields[] }> {
  const path = resourcePath(getKind(object), object.metadata);
  const { metadata } = await client.request<KubeObject>({ method: "GET", path, ...(signal !== undefined && { signal }) });
  const { managedFields = [] } = metadata as { managedFields?: readonly ManagedFields[] };
  return { resourceVersion: metadata.resourceVersion, managed: managedFields };
}

function unite(one: FieldSet, other: FieldSet): FieldSet {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...keys].map((key) => [key, unite(one[key] ?? {}, other[key] ?? {})]));
}
