import { unavailable } from "../base/errors.ts";

export interface BulkheadSettings {
  /** How many may be inside at a time. */
  readonly limit: number;
  /** How many may wait for a place in `run`; more are refused. */
  readonly queue?: number;
}

/** Bounds how much of one thing runs at a time, so that a slow callee or a costly computation cannot take all there is. */
export interface Bulkhead {
  /** True: a place is taken and must be given back by `leave`. Never waits. */
  tryEnter(): boolean;
  leave(): void;
  /** Runs `work` when there is a place, in order of arrival; throws `unavailable` with reason BULKHEAD_FULL when the queue is full. */
  run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  configure(settings: BulkheadSettings): void;
  readonly inside: number;
  readonly waiting: number;
}

export function createBulkhead(name: string, initial: BulkheadSettings): Bulkhead {
  let settings = initial;
  let inside = 0;
  /** A Set keeps the order and lets one that gives up leave from the middle. */
  const waiting = new Set<() => void>();

  function admitWaiting(): void {
    for (const admit of waiting) {
      if (inside >= settings.limit) return;
      waiting.delete(admit);
      inside++;
      admit();
    }
  }

  function tryEnter(): boolean {
    if (inside >= settings.limit) return false;
    inside++;
    return true;
  }

  function leave(): void {
    inside--;
    if (waiting.size > 0) admitWaiting();
  }

  function wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      function giveUp(): void {
        waiting.delete(admit);
        reject(signal?.reason);
      }
      function admit(): void {
        signal?.removeEventListener("abort", giveUp);
        resolve();
      }
      signal?.addEventListener("abort", giveUp, { once: true });
      waiting.add(admit);
    });
  }

  return {
    tryEnter,
    leave,
    async run(work, signal) {
      signal?.throwIfAborted();
      if (!tryEnter()) {
        if (waiting.size >= (settings.queue ?? 0)) {
          throw unavailable(`Too much of ${name} is running.`, {
            reason: "BULKHEAD_FULL",
            metadata: { bulkhead: name },
            retryAfterSeconds: 1,
          });
        }
        await wait(signal);
      }
      try {
        return await work();
      } finally {
        leave();
      }
    },
    configure(changed) {
      settings = changed;
      admitWaiting();
    },
    get inside() {
      return inside;
    },
    get waiting() {
      return waiting.size;
    },
  };
}
