import { randomUUID } from "node:crypto";

/**
 * What goes wrong with a request. `drop`: the connection breaks. `hang`: nothing is answered until it is released. Before it is carried out, or
 * after: then it took place, and nobody hears of it. `late`: the connection breaks, and the request is carried out when it is released.
 */
export type FaultKind = "drop-before" | "drop-after" | "hang-before" | "hang-after" | "error-before" | "error-after" | "late";

export const FAULT_KINDS: readonly FaultKind[] = [
  "drop-before",
  "drop-after",
  "hang-before",
  "hang-after",
  "error-before",
  "error-after",
  "late",
];

export interface Fault {
  readonly id: string;
  readonly kind: FaultKind;
  /** Resolves with the first request that it hits. */
  readonly hit: Promise<void>;
  /** Resolves when what hangs may go on. */
  readonly released: Promise<void>;
  strike(): void;
  /** It hits no more requests, and what hangs goes on. */
  release(): void;
}

export interface Faults {
  /** The next `times` requests with this method whose path matches the pattern. */
  add(kind: FaultKind, method: string, pattern: RegExp, times: number): Fault;
  /** What befalls this request; each call uses it up. */
  take(method: string, path: string): Fault | undefined;
  find(id: string): Fault | undefined;
  releaseAll(): void;
}

interface Armed {
  readonly fault: Fault;
  readonly method: string;
  readonly pattern: RegExp;
  left: number;
}

export function createFaults(): Faults {
  const armed: Armed[] = [];
  return {
    add(kind, method, pattern, times) {
      const hit = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      const each: Armed = {
        fault: {
          id: randomUUID(),
          kind,
          hit: hit.promise,
          released: released.promise,
          strike: hit.resolve,
          release() {
            each.left = 0;
            released.resolve();
          },
        },
        method,
        pattern,
        left: times,
      };
      armed.push(each);
      return each.fault;
    },
    take(method, path) {
      const found = armed.find((candidate) => candidate.left > 0 && candidate.method === method && candidate.pattern.test(path));
      if (found === undefined) return undefined;
      found.left--;
      found.fault.strike();
      return found.fault;
    },
    find: (id) => armed.find(({ fault }) => fault.id === id)?.fault,
    releaseAll() {
      for (const { fault } of armed) fault.release();
    },
  };
}
