import type { Instance } from "@plinth/kernel/discovery";
import { type CircuitBreaker, createCircuitBreaker, createRetryBudget, type RetryBudget } from "@plinth/kernel/resilience";
import { UpstreamInstance } from "./upstream-instance.ts";

/** Trips later and recovers sooner than between modules: the gateway's share of a module's callers is everybody. */
const BREAKER = { minimumRequests: 20, failureRatio: 0.6, openMs: 5000, trials: 3 };

/** A module as the gateway calls it. */
export class Upstream {
  readonly module: string;
  readonly budget: RetryBudget = createRetryBudget();
  breaker: CircuitBreaker = createCircuitBreaker({ settings: BREAKER });
  instances: readonly UpstreamInstance[] = [];

  constructor(module: string) {
    this.module = module;
  }

  /** Instances that stayed keep their connections; those that went finish what they have. */
  update(found: readonly Instance[]): void {
    const before = new Map(this.instances.map((one) => [keyOf(one.instance), one]));
    let isNew = false;
    this.instances = found.map((instance) => {
      const known = before.get(keyOf(instance));
      before.delete(keyOf(instance));
      if (known === undefined) isNew = true;
      return known ?? new UpstreamInstance(instance);
    });
    // What failed before says nothing about a process that has just come.
    if (isNew) this.breaker = createCircuitBreaker({ settings: BREAKER });
    for (const gone of before.values()) void gone.close();
  }

  /** The least loaded of the healthy ones; among the ejected, the one whose time is up first. `except` was tried already. */
  pick(except: UpstreamInstance | undefined): UpstreamInstance | undefined {
    const { instances } = this;
    if (instances.length === 1) return instances[0];
    const now = performance.now();
    let best: UpstreamInstance | undefined;
    let fallback: UpstreamInstance | undefined;
    for (const one of instances) {
      if (one.ejectedUntil > now || one === except) {
        if (fallback === undefined || one.ejectedUntil < fallback.ejectedUntil) fallback = one;
      } else if (best === undefined || one.inFlight < best.inFlight) best = one;
    }
    return best ?? fallback;
  }

  async close(): Promise<void> {
    const closing = this.instances;
    this.instances = [];
    await Promise.all(closing.map((one) => one.close()));
  }

  async destroy(): Promise<void> {
    await Promise.all(this.instances.map((one) => one.destroy()));
  }
}

function keyOf({ id, host, httpPort, grpcPort, version }: Instance): string {
  return `${id}|${host}|${httpPort}|${grpcPort}|${version}`;
}
