import { isDeepStrictEqual } from "node:util";
import { type KubeClient, type KubeObject, resourcePath, withoutManagedFields } from "@plinth/kernel/kube";
import { getKind } from "../kube/kinds.ts";
import { createdFields, type FieldSet } from "../kube/ownership.ts";
import type { Writer } from "../kube/writer.ts";

/**
 * What becomes of an object that was created and never applied, which a dry run of the apply alone cannot say: its fields are handed over before. So what an
 * apply would then take away is taken away here, and the API server asked what it makes of that: defaults among it come again.
 */
export async function tryHandedOver(client: KubeClient, writer: Writer, wanted: KubeObject, live: KubeObject): Promise<KubeObject> {
  const [applied, fields] = await Promise.all([writer.apply(wanted, { force: true, dryRun: true }), createdFields(client, live)]);
  const { resourceVersion: _, ...metadata } = applied.metadata;
  const body = reduced({ ...applied, metadata }, wanted, fields);
  const path = resourcePath(getKind(wanted), wanted.metadata);
  return withoutManagedFields(await client.request<KubeObject>({ method: "PUT", path, query: { dryRun: "All" }, body }));
}

function reduced(live: unknown, wanted: unknown, fields: FieldSet): unknown {
  if (Array.isArray(live)) return reducedList(live, Array.isArray(wanted) ? wanted : [], fields);
  if (typeof live !== "object" || live === null) return live;
  const rest: Record<string, unknown> = { ...live };
  for (const [key, below] of Object.entries(fields)) {
    if (!key.startsWith("f:")) continue;
    const name = key.slice("f:".length);
    const value = (wanted as Record<string, unknown> | null | undefined)?.[name];
    if (rest[name] === undefined) continue;
    const left = Object.keys(below).length === 0 && value === undefined ? undefined : reduced(rest[name], value, below);
    if (left === undefined || (value === undefined && isEmpty(left))) delete rest[name];
    else rest[name] = left;
  }
  return rest;
}

/** Entries with keys of their own have owners of their own, and so have the values of a set. */
function reducedList(live: readonly unknown[], wanted: readonly unknown[], fields: FieldSet): unknown[] {
  let rest = [...live];
  for (const [key, below] of Object.entries(fields)) {
    if (key.startsWith("v:")) {
      const value: unknown = JSON.parse(key.slice("v:".length));
      if (!wanted.some((entry) => isDeepStrictEqual(entry, value))) rest = rest.filter((entry) => !isDeepStrictEqual(entry, value));
    } else if (key.startsWith("k:")) {
      const keys = Object.entries(JSON.parse(key.slice("k:".length)) as object);
      const isIt = (entry: unknown): boolean => keys.every(([name, value]) => (entry as Record<string, unknown> | null)?.[name] === value);
      const one = wanted.find(isIt);
      rest =
        one === undefined ? rest.filter((entry) => !isIt(entry)) : rest.map((entry) => (isIt(entry) ? reduced(entry, one, below) : entry));
    }
  }
  return rest;
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
