import type { RateLimit } from "@plinth/kernel/resilience";
import type { RouteEntry } from "@plinth/module";
import { type ResponseRules, responseRulesOf } from "./response-headers.ts";
import type { Settings } from "./settings.ts";

/** All that is decided about a request once its route is known; made once per route and set of modules. */
export interface RoutePolicy {
  /** `GET /api/v1/blog/posts/{id}`: labels metrics and tells limits of different routes apart. */
  readonly id: string;
  readonly module: string;
  readonly path: string;
  readonly isPublic: boolean;
  readonly permission: string | undefined;
  /** The route's own limit per user, or per address where public; undefined: the default per user. */
  readonly limit: RateLimit | undefined;
  readonly timeoutMs: number;
  readonly bodyLimitBytes: number;
  readonly cache: { readonly ttlMs: number; readonly vary: readonly string[] } | undefined;
  readonly responseRules: ResponseRules;
}

export function policyOf(route: RouteEntry, settings: Settings): RoutePolicy {
  return {
    id: `${route.methods.length === 7 ? "*" : route.methods.join(",")} ${route.path}`,
    module: route.module,
    path: route.path,
    isPublic: route.auth === "public",
    permission: route.permission,
    limit: route.rateLimit,
    timeoutMs: route.timeoutMs ?? settings.routeTimeoutMs,
    bodyLimitBytes: route.bodyLimitBytes ?? settings.bodyLimitBytes,
    cache: route.cache === undefined ? undefined : { ttlMs: route.cache.ttlMs, vary: route.cache.vary.map((name) => name.toLowerCase()) },
    responseRules: responseRulesOf(route.responseHeaders),
  };
}

/** A path of the platform itself, such as `/.well-known/jwks.json`, that a module serves without declaring a route. */
export function wellKnownPolicy(module: string, path: string, settings: Settings): RoutePolicy {
  return policyOf({ module, path, methods: ["GET"], auth: "public", timeoutMs: 5000 }, settings);
}
