import type { Outcome } from "@plinth/kernel/resilience";
import type { Upstream } from "./upstream.ts";
import type { UpstreamInstance } from "./upstream-instance.ts";
import type { Upstreams } from "./upstreams.ts";

/** One try of a request at one instance: what it holds of breaker and load, given back once. */
export class Attempt {
  readonly upstream: Upstream;
  readonly instance: UpstreamInstance;
  #ticket: number;
  #judged = false;
  #ended = false;

  private constructor(upstream: Upstream, instance: UpstreamInstance, ticket: number) {
    this.upstream = upstream;
    this.instance = instance;
    this.#ticket = ticket;
    instance.inFlight++;
  }

  /** Undefined where nobody is to be asked: no instance, or the breaker is open. `except` was tried before. */
  static begin(upstreams: Upstreams, module: string, except: UpstreamInstance | undefined): Attempt | undefined {
    const upstream = upstreams.of(module);
    const instance = upstream?.pick(except);
    if (upstream === undefined || instance === undefined) return undefined;
    const ticket = upstream.breaker.enter();
    return ticket === -1 ? undefined : new Attempt(upstream, instance, ticket);
  }

  /** Tells the breaker how it went; the load stays until `end`. Only the first word counts. */
  judge(outcome: Outcome): void {
    if (this.#judged) return;
    this.#judged = true;
    this.upstream.breaker.leave(this.#ticket, outcome);
  }

  end(outcome: Outcome): void {
    if (this.#ended) return;
    this.#ended = true;
    this.judge(outcome);
    this.instance.inFlight--;
  }
}
