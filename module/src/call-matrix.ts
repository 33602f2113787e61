import { compareTexts } from "./candidates.ts";
import { parseDuration } from "./duration.ts";
import { GATEWAY_MODULE } from "./platform.ts";
import { HTTP_METHODS, type HttpMethod } from "./schema/http-method.ts";
import type { Module } from "./schema/module.ts";
import type { Call } from "./schema/spec-traffic.ts";

/** In `methods`: every RPC method of the callee that has a REST form. The others are for modules, and for those alone that name them. */
export const ALL_METHODS = "*";

/** An HTTP endpoint that may be called; its path is a template. */
export interface EndpointGrant {
  path: string;
  methods: readonly HttpMethod[];
}

/** What one module may call of another. */
export interface CallGrant {
  from: string;
  to: string;
  /** Full names as `plinth.blog.v1.BlogService/GetPost`, and `ALL_METHODS`. */
  methods: readonly string[];
  endpoints: readonly EndpointGrant[];
  /** For each instance of the caller. */
  rateLimitPerSecond?: number;
  timeoutMs?: number;
  retries?: { attempts: number; initialMs?: number; maxMs?: number };
  circuitBreaker?: { failureThreshold?: number; recoveryTimeoutMs?: number };
}

/**
 * Who may call whom, for what: what modules declare under `calls`, and for each module with routes the gateway, which may call the RPC methods
 * of it that have a REST form (an RPC is reached under the route that this falls under) and the endpoints of its routes. By callee, then caller.
 */
export function callMatrix(modules: Iterable<Module>): CallGrant[] {
  const grants = new Map<string, CallGrant>();
  const byRoutes: CallGrant[] = [];
  for (const module of modules) {
    for (const call of module.spec.calls ?? []) {
      const grant = declaredGrant(module.metadata.name, call);
      grants.set(`${grant.to} ${grant.from}`, grant);
    }
    const gateway = gatewayGrant(module);
    if (gateway !== undefined) byRoutes.push(gateway);
  }
  for (const gateway of byRoutes) {
    const key = `${gateway.to} ${gateway.from}`;
    const declared = grants.get(key);
    const methods = [...gateway.methods, ...(declared?.methods ?? [])];
    grants.set(key, {
      ...declared,
      ...gateway,
      methods,
      endpoints: mergeEndpoints([...gateway.endpoints, ...(declared?.endpoints ?? [])]),
    });
  }
  return [...grants.values()].sort((a, b) => compareTexts(a.to, b.to) || compareTexts(a.from, b.from));
}

/** Who may call a module, for what: what the module enforces. By caller. */
export function callersOf(module: string, modules: Iterable<Module>): CallGrant[] {
  return callMatrix(modules).filter((grant) => grant.to === module);
}

/** The matrix as Consul's key-value store has it: the JSON text by key. */
export function consulMatrix(matrix: Iterable<CallGrant>): Map<string, string> {
  const entries = new Map<string, string>();
  for (const grant of matrix) {
    const { circuitBreaker } = grant;
    const value = {
      permissions: grant.methods,
      endpoints: grant.endpoints,
      rate_limit: grant.rateLimitPerSecond,
      timeout: seconds(grant.timeoutMs),
      circuit_breaker: circuitBreaker && {
        failure_threshold: circuitBreaker.failureThreshold,
        recovery_timeout: seconds(circuitBreaker.recoveryTimeoutMs),
      },
    };
    entries.set(`service-permissions/${grant.from}-service/${grant.to}-service`, JSON.stringify(value));
  }
  return entries;
}

function declaredGrant(from: string, call: Call): CallGrant {
  const { retries, circuitBreaker } = call;
  return {
    from,
    to: call.to,
    methods: call.methods ?? [],
    endpoints: mergeEndpoints((call.endpoints ?? []).map(({ path, methods }) => ({ path, methods: methods ?? HTTP_METHODS }))),
    ...(call.rateLimit !== undefined && { rateLimitPerSecond: call.rateLimit }),
    ...(call.timeout !== undefined && { timeoutMs: parseDuration(call.timeout) }),
    ...(retries !== undefined && {
      retries: {
        attempts: retries.attempts,
        ...(retries.initial !== undefined && { initialMs: parseDuration(retries.initial) }),
        ...(retries.max !== undefined && { maxMs: parseDuration(retries.max) }),
      },
    }),
    ...(circuitBreaker !== undefined && {
      circuitBreaker: {
        ...(circuitBreaker.failureThreshold !== undefined && { failureThreshold: circuitBreaker.failureThreshold }),
        ...(circuitBreaker.recoveryTimeout !== undefined && { recoveryTimeoutMs: parseDuration(circuitBreaker.recoveryTimeout) }),
      },
    }),
  };
}

function gatewayGrant({ metadata, spec }: Module): CallGrant | undefined {
  if (spec.routes === undefined || spec.routes.length === 0 || metadata.name === GATEWAY_MODULE) return undefined;
  const endpoints = spec.routes.map(({ path, methods }) => ({ path, methods: methods ?? HTTP_METHODS }));
  return { from: GATEWAY_MODULE, to: metadata.name, methods: [ALL_METHODS], endpoints: mergeEndpoints(endpoints) };
}

/** One entry a path, with all its methods; GET brings HEAD, as in the routes. */
function mergeEndpoints(endpoints: readonly EndpointGrant[]): EndpointGrant[] {
  const byPath = new Map<string, Set<HttpMethod>>();
  for (const { path, methods } of endpoints) {
    const known = byPath.get(path) ?? new Set();
    byPath.set(path, known);
    for (const method of methods) known.add(method);
    if (known.has("GET")) known.add("HEAD");
  }
  return [...byPath].map(([path, methods]) => ({ path, methods: HTTP_METHODS.filter((method) => methods.has(method)) }));
}

function seconds(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined ? undefined : `${milliseconds / 1000}s`;
}
