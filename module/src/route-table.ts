import { parseByteSize } from "./byte-size.ts";
import { parseDuration } from "./duration.ts";
import { comparePathPatterns, type PathPattern, parsePathPattern } from "./path-pattern.ts";
import { emptyPathNode, findInPath, insertPath } from "./path-trie.ts";
import { splitRequestPath } from "./request-path.ts";
import { HTTP_METHODS, type HttpMethod } from "./schema/http-method.ts";
import type { Module } from "./schema/module.ts";
import type { Route } from "./schema/spec-traffic.ts";

/** A route as the gateway applies it: defaults filled in, units in the names. */
export interface RouteEntry {
  module: string;
  path: string;
  methods: readonly HttpMethod[];
  auth: "public" | "required";
  permission?: string;
  rateLimit?: { requests: number; perMs: number };
  timeoutMs?: number;
  cache?: { ttlMs: number; vary: readonly string[] };
  bodyLimitBytes?: number;
  responseHeaders?: { set: Readonly<Record<string, string>>; remove: readonly string[]; rename: Readonly<Record<string, string>> };
}

/** Where a request goes. */
export interface RouteMatch {
  route: RouteEntry;
  module: string;
  /** Values of the template's named parameters, decoded. */
  params: Readonly<Record<string, string>>;
}

/** The public API of a set of modules. */
export interface RouteTable {
  /** The most specific route for a method and a path (as it stands in the request line; a query is ignored). HEAD falls back to GET. */
  match(method: string, path: string): RouteMatch | undefined;
  /** The methods that some route takes at a path: what `Allow` says in a 405 and in the answer to OPTIONS. */
  methodsAt(path: string): HttpMethod[];
  /** All routes, the most specific first. */
  list(): readonly RouteEntry[];
}

interface Target {
  entry: RouteEntry;
  pattern: PathPattern;
  methods: ReadonlySet<string>;
  /** Position and name of each named parameter. */
  names: readonly { index: number; name: string }[];
  /** What `match` returns when there is nothing to tell about parameters. */
  plain: RouteMatch;
}

const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({});

/** Builds the table of all routes of the given modules. */
export function routeTable(modules: Iterable<Module>): RouteTable {
  const targets: Target[] = [];
  for (const module of modules) {
    for (const route of module.spec.routes ?? []) targets.push(buildTarget(module.metadata.name, route));
  }
  targets.sort((a, b) => comparePathPatterns(a.pattern, b.pattern) || compareEntries(a.entry, b.entry));
  const root = emptyPathNode<Target>();
  for (const target of targets) insertPath(root, target.pattern, target);
  const entries = targets.map((target) => target.entry);

  // Used by one match at a time: nothing below waits.
  const segments: string[] = [];
  let wanted = "";
  const accept = (found: readonly Target[]): Target | undefined => {
    for (const target of found) if (target.methods.has(wanted)) return target;
    return wanted === "HEAD" ? found.find((target) => target.methods.has("GET")) : undefined;
  };

  return {
    match(method, path) {
      const count = splitRequestPath(path, segments);
      if (count === -1) return undefined;
      wanted = method;
      const target = findInPath(root, segments, count, accept);
      if (target === undefined) return undefined;
      if (target.names.length === 0) return target.plain;
      // A parameter may be called __proto__.
      const params: Record<string, string> = Object.create(null);
      for (const { index, name } of target.names) params[name] = parameterAt(target.pattern, index, segments[index] ?? "");
      return { route: target.entry, module: target.entry.module, params };
    },
    methodsAt(path) {
      const methods = new Set<string>();
      const count = splitRequestPath(path, segments);
      if (count !== -1) {
        findInPath(root, segments, count, (found) => {
          for (const target of found) for (const method of answeredMethods(target.entry.methods)) methods.add(method);
          return undefined;
        });
      }
      return HTTP_METHODS.filter((method) => methods.has(method));
    },
    list: () => entries,
  };
}

/** The methods that a route answers: those it names, and HEAD wherever there is GET. */
function answeredMethods(methods: readonly HttpMethod[]): HttpMethod[] {
  return HTTP_METHODS.filter((method) => methods.includes(method) || (method === "HEAD" && methods.includes("GET")));
}

function buildTarget(module: string, route: Route): Target {
  const pattern = parsePathPattern(route.path);
  const entry = buildEntry(module, route);
  const names = pattern.segments.flatMap((segment, index) =>
    (segment.kind === "parameter" || segment.kind === "verb") && segment.name !== undefined ? [{ index, name: segment.name }] : [],
  );
  return { entry, pattern, methods: new Set(entry.methods), names, plain: Object.freeze({ route: entry, module, params: NO_PARAMS }) };
}

function buildEntry(module: string, route: Route): RouteEntry {
  const { rateLimit, cache, responseHeaders } = route;
  return {
    module,
    path: route.path,
    methods: HTTP_METHODS.filter((method) => (route.methods ?? HTTP_METHODS).includes(method)),
    auth: route.permission === undefined ? (route.auth ?? "required") : "required",
    ...(route.permission !== undefined && { permission: route.permission }),
    ...(rateLimit !== undefined && { rateLimit: { requests: rateLimit.requests, perMs: parseDuration(rateLimit.per) } }),
    ...(route.timeout !== undefined && { timeoutMs: parseDuration(route.timeout) }),
    ...(cache !== undefined && { cache: { ttlMs: parseDuration(cache.ttl), vary: cache.vary ?? [] } }),
    ...(route.bodyLimit !== undefined && { bodyLimitBytes: parseByteSize(route.bodyLimit) }),
    ...(responseHeaders !== undefined && { responseHeaders: { set: {}, remove: [], rename: {}, ...responseHeaders } }),
  };
}

function parameterAt(pattern: PathPattern, index: number, segment: string): string {
  const part = pattern.segments[index];
  return part?.kind === "verb" ? segment.slice(0, -part.verb.length - 1) : segment;
}

function compareEntries(left: RouteEntry, right: RouteEntry): number {
  if (left.module !== right.module) return left.module < right.module ? -1 : 1;
  return left.methods.join() < right.methods.join() ? -1 : 1;
}
