import { randomUUID } from "node:crypto";

/**
 * What goes wrong with a request. `drop`: the connection breaks. `hang`: nothing is answered until it is released. `error`: EasyPost fails. Before it
 * is carried out, or after: then it took place, and nobody hears of it. `refuse`: the carrier behind EasyPost says no.
 */
export const FAULT_KINDS = ["drop-before", "drop-after", "hang-before", "hang-after", "error-before", "error-after", "refuse"] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly id: string;
  readonly kind: FaultKind;
  readonly method: string;
  readonly path: RegExp;
  /** Requests that it still befalls. */
  left: number;
  /** Resolves with the first request that it hits. */
  readonly hit: PromiseWithResolvers<void>;
  /** Resolves when what hangs may go on. */
  readonly release: PromiseWithResolvers<void>;
}

/** The faults that are set, in the order in which they were. */
export class Faults {
  readonly #faults: Fault[] = [];

  /** Befalls the next `times` requests with this method whose path matches. */
  add(kind: FaultKind, method: string, path: RegExp, times: number): Fault {
    const waits = { hit: Promise.withResolvers<void>(), release: Promise.withResolvers<void>() };
    const fault: Fault = { id: randomUUID(), kind, method, path, left: times, ...waits };
    this.#faults.push(fault);
    return fault;
  }

  /** What befalls this request; each call uses it up. */
  take(method: string, path: string): Fault | undefined {
    const fault = this.#faults.find((each) => each.left > 0 && each.method === method && each.path.test(path));
    if (fault === undefined) return undefined;
    fault.left--;
    fault.hit.resolve();
    return fault;
  }

  find(id: string): Fault | undefined {
    return this.#faults.find((fault) => fault.id === id);
  }

  /** Nothing goes wrong any more, and nothing hangs. */
  clear(): void {
    for (const fault of this.#faults) {
      fault.left = 0;
      fault.release.resolve();
    }
  }
}
