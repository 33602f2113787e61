import type { Resource } from "./object.ts";

export interface ResourceAt {
  /** Absent for a namespaced resource: all namespaces. */
  readonly namespace?: string;
  readonly name?: string;
  /** `status`, `scale`, `log`, … */
  readonly subresource?: string;
}

/** `plinth.dev/v1alpha1`, or `v1` for the core group. */
export function apiVersionOf({ group, version }: Resource): string {
  return group === "" ? version : `${group}/${version}`;
}

/**
 * The path of a collection, an object, or a part of one. A namespace is left out for a kind that has none, so that callers need not tell kinds
 * apart. Throws where a name would lead to another path than it says.
 */
export function resourcePath(resource: Resource, at: ResourceAt = {}): string {
  const { namespace, name, subresource } = at;
  let path = resource.group === "" ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  if (resource.namespaced && namespace !== undefined) path += `/namespaces/${segment(namespace)}`;
  path += `/${resource.plural}`;
  if (name !== undefined) {
    if (resource.namespaced && namespace === undefined) throw new Error(`${resource.kind} ${name} is named without its namespace.`);
    path += `/${segment(name)}`;
    if (subresource !== undefined) path += `/${segment(subresource)}`;
  }
  return path;
}

/** Names are checked by the API server; here only what would change the meaning of the path, or mean the collection instead of one object. */
function segment(name: string): string {
  if (name === "" || name === "." || name === "..") throw new Error(`"${name}" is no name of an object.`);
  return encodeURIComponent(name);
}

/** Query parameters in the order in which they are given; those without a value are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export function withQuery(path: string, query: Query | undefined): string {
  if (query === undefined) return path;
  let url = path;
  let separator = path.includes("?") ? "&" : "?";
  for (const key of Object.keys(query)) {
    const value = query[key];
    if (value === undefined) continue;
    url += `${separator}${key}=${encodeURIComponent(value)}`;
    separator = "&";
  }
  return url;
}
