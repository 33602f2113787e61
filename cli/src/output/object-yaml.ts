import type { KubeObject } from "@plinth/kernel/kube";
import { stringify } from "yaml";

/** What the API server writes for itself; it changes whatever is done, and says nothing. */
const SERVER_METADATA = new Set(["managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink"]);

/**
 * An object as people read it: without what the server keeps for itself, JSON texts laid out, and no secret in it. Of values of a Secret only shows whether
 * they differ from those of `other`, the same object before or after.
 */
export function objectYaml(object: KubeObject, other?: KubeObject): string {
  const { status: _, metadata, ...rest } = object;
  const shown = {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: Object.fromEntries(Object.entries(metadata).filter(([key]) => !SERVER_METADATA.has(key))),
    ...Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, name === "data" ? showData(object, value, other) : value])),
  };
  return stringify(shown, { lineWidth: 0, aliasDuplicateObjects: false, sortMapEntries: byPlace });
}

/** As everybody writes them; the rest by name. */
const FIRST = ["apiVersion", "kind", "metadata", "name"];

function byPlace(left: { key: unknown }, right: { key: unknown }): number {
  const rank = (key: unknown): string => {
    const name = String((key as { value?: unknown }).value ?? key);
    const place = FIRST.indexOf(name);
    return place === -1 ? `9${name}` : String(place);
  };
  return rank(left.key) < rank(right.key) ? -1 : 1;
}

function showData({ kind }: KubeObject, data: unknown, other: KubeObject | undefined): unknown {
  if (typeof data !== "object" || data === null) return data;
  const others = other?.data as Readonly<Record<string, unknown>> | undefined;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => {
      if (kind === "Secret")
        return [
          key,
          others === undefined || others[key] === value
            ? "(hidden)"
            : `(hidden, ${others[key] === undefined ? "only here" : "another value"})`,
        ];
      return [key, key.endsWith(".json") ? laidOut(value) : value];
    }),
  );
}

function laidOut(value: unknown): unknown {
  try {
    return JSON.stringify(JSON.parse(String(value)), null, 2);
  } catch {
    return value;
  }
}
