import type { DescMethod, DescService, MessageInitShape } from "@bufbuild/protobuf";
import { ALL_METHODS, type CallGrant } from "@plinth/module";
import { type Clock, systemClock } from "../base/clock.ts";
import { forbidden } from "../base/errors.ts";
import type { Discovery } from "../discovery/discovery.ts";
import type { ServiceIdentity } from "../identity/identity.ts";
import { createBulkhead } from "../resilience/bulkhead.ts";
import { createRateLimiter } from "../resilience/rate-limiter.ts";
import { createRetryBudget } from "../resilience/retry-budget.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Tracing } from "../telemetry/tracing.ts";
import { callPolicy, MAX_CALLS_AT_A_TIME } from "./call-policy.ts";
import type { CallOptions, Client } from "./client.ts";
import { createInstancePool } from "./instance-pool.ts";
import { type Callee, createMethodTarget, type MethodTarget } from "./method-target.ts";
import { callServerStream } from "./stream-call.ts";
import { callUnary } from "./unary-call.ts";

export interface ClientFactoryOptions {
  /** Who calls. */
  readonly module: string;
  readonly version: string;
  readonly discovery: Discovery;
  readonly identity: ServiceIdentity;
  /** What `module` declares that it calls: `callMatrix([module])`. Entries of other callers are passed over. */
  readonly calls: readonly CallGrant[];
  readonly metrics?: Metrics;
  readonly tracing?: Tracing;
  readonly clock?: Clock;
  readonly random?: () => number;
}

export interface ClientFactory {
  /** A client for the declared methods of `service`. Throws when none is declared; a call of one that is not fails. */
  client<S extends DescService>(callee: string, service: S): Client<S>;
  /** Other limits, timeouts and methods from now on; calls that run keep theirs. */
  configure(calls: readonly CallGrant[]): void;
  /** Closes all connections when the calls that run have ended. */
  close(): void;
}

/** Makes the clients of one module. What they share for each callee: connections, retry budget, limits. */
export function createClientFactory(options: ClientFactoryOptions): ClientFactory {
  const { module, version, discovery, identity, metrics, tracing, clock = systemClock, random = Math.random } = options;
  let grants = ownGrants(options.calls);
  const callees = new Map<string, { callee: Callee; targets: Map<DescMethod, MethodTarget> }>();

  function ownGrants(calls: readonly CallGrant[]): Map<string, CallGrant> {
    return new Map(calls.filter(({ from }) => from === module).map((grant) => [grant.to, grant]));
  }

  function calleeNamed(name: string, grant: CallGrant) {
    const known = callees.get(name);
    if (known !== undefined) return known;
    const targets = new Map<DescMethod, MethodTarget>();
    const pool = createInstancePool(discovery, name, clock, () => {
      for (const { breaker } of targets.values()) breaker.allowTrials();
    });
    const callee: Callee = {
      name,
      caller: { module, version },
      pool,
      identity,
      budget: createRetryBudget(),
      bulkhead: createBulkhead(`calls to ${name}`, { limit: MAX_CALLS_AT_A_TIME }),
      clock,
      random,
      metrics,
      tracing,
      limiter: undefined,
      policy: callPolicy(grant),
      declared: new Set(grant.methods),
    };
    const made = { callee, targets };
    callees.set(name, made);
    apply(callee, targets, grant);
    return made;
  }

  function apply(callee: Callee, targets: ReadonlyMap<DescMethod, MethodTarget>, grant: CallGrant | undefined): void {
    callee.declared = new Set(grant?.methods);
    if (grant === undefined) return;
    callee.policy = callPolicy(grant);
    for (const { breaker } of targets.values()) breaker.configure(callee.policy.breaker);
    const perSecond = callee.policy.ratePerSecond;
    if (perSecond === undefined) callee.limiter = undefined;
    else if (callee.limiter === undefined) callee.limiter = createRateLimiter({ perSecond }, clock);
    else callee.limiter.configure({ perSecond });
  }

  return {
    client<S extends DescService>(name: string, service: S): Client<S> {
      const grant = grants.get(name);
      const declared = new Set(grant?.methods);
      if (grant === undefined || !service.methods.some((method) => isDeclared(declared, nameOf(method))))
        throw new Error(undeclared(module, name, `${service.typeName}/<Method>`));
      const { callee, targets } = calleeNamed(name, grant);
      const client: Record<string, unknown> = {};
      for (const method of service.methods) {
        if (method.methodKind !== "unary" && method.methodKind !== "server_streaming") continue;
        let target = targets.get(method);
        if (target === undefined) {
          target = createMethodTarget(callee, method);
          targets.set(method, target);
        }
        client[method.localName] = callerOf(target);
      }
      return client as Client<S>;
    },
    configure(calls) {
      grants = ownGrants(calls);
      for (const [name, { callee, targets }] of callees) apply(callee, targets, grants.get(name));
    },
    close() {
      for (const { callee } of callees.values()) callee.pool.close();
      callees.clear();
    },
  };
}

type Request = MessageInitShape<DescMethod["input"]>;

function callerOf(target: MethodTarget): unknown {
  const { callee, name, method } = target;
  const refusal = () =>
    forbidden(undeclared(callee.caller.module, callee.name, name), {
      reason: "PERMISSION_DENIED",
      metadata: { from: callee.caller.module, to: callee.name, method: name },
    });
  if (method.methodKind === "unary") {
    return (request: Request, options?: CallOptions) =>
      isDeclared(callee.declared, name) ? callUnary(target, request, options) : Promise.reject(refusal());
  }
  return (request: Request, options?: CallOptions) => {
    if (!isDeclared(callee.declared, name)) throw refusal();
    return callServerStream(target, request, options);
  };
}

function isDeclared(methods: ReadonlySet<string>, name: string): boolean {
  return methods.has(name) || methods.has(ALL_METHODS);
}

function nameOf(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}

function undeclared(module: string, callee: string, method: string): string {
  return `Module ${module} does not declare that it calls ${method} of module ${callee}. Add to spec.calls in its module.yaml: - {to: ${callee}, methods: [${method}]}`;
}
