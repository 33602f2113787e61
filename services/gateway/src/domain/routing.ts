import { type Module, type RouteEntry, routeTable } from "@plinth/module";
import { policyOf, type RoutePolicy, wellKnownPolicy } from "./route-policy.ts";
import type { RpcRule } from "./rpc-rules.ts";
import type { Settings } from "./settings.ts";

/** An RPC method and the policy of the REST route that it falls under. */
export interface RpcTarget {
  readonly policy: RoutePolicy;
  readonly serverStreaming: boolean;
  readonly readOnly: boolean;
}

/** Where requests go: one consistent state. A change of modules makes a new one; requests under way keep theirs. */
export interface Routing {
  match(method: string, path: string): RoutePolicy | undefined;
  rpc(path: string): RpcTarget | undefined;
  /** For 405 and OPTIONS. */
  methodsAt(path: string): readonly string[];
  readonly modules: ReadonlySet<string>;
  /** True while some module's methods are not known yet. */
  readonly pending: boolean;
}

/** Serves `/.well-known/*`. */
const AUTH_MODULE = "auth";
const WELL_KNOWN = "/.well-known/";

export function buildRouting(
  modules: readonly Module[],
  rules: ReadonlyMap<string, readonly RpcRule[]>,
  settings: Settings,
  pending: boolean,
): Routing {
  const table = routeTable(modules);
  const policies = new Map<RouteEntry, RoutePolicy>();
  for (const route of table.list()) policies.set(route, policyOf(route, settings));
  const names = new Set(modules.map((module) => module.metadata.name));
  const wellKnown = names.has(AUTH_MODULE) ? wellKnownPolicy(AUTH_MODULE, `${WELL_KNOWN}**`, settings) : undefined;

  const rpc = new Map<string, RpcTarget>();
  for (const [module, methods] of rules) {
    if (!names.has(module)) continue;
    for (const rule of methods) {
      const match = table.match(rule.httpMethod, rule.samplePath);
      // A method falls under its own module's routes only: else one module could lend another's a weaker policy.
      const policy = match?.module === module ? policies.get(match.route) : undefined;
      if (policy !== undefined) rpc.set(rule.path, { policy, serverStreaming: rule.serverStreaming, readOnly: rule.readOnly });
    }
  }

  return {
    match(method, path) {
      const match = table.match(method, path);
      if (match !== undefined) return policies.get(match.route);
      return wellKnown !== undefined && path.startsWith(WELL_KNOWN) && (method === "GET" || method === "HEAD") ? wellKnown : undefined;
    },
    rpc: (path) => rpc.get(path),
    methodsAt: (path) => table.methodsAt(path),
    modules: names,
    pending,
  };
}
