import { performance } from "node:perf_hooks";

/** Time as a dependency, so that what waits or expires can be tested without waiting. */
export interface Clock {
  /** Epoch milliseconds; may step when the machine's clock is set. */
  now(): number;
  /** Milliseconds from an arbitrary start that never step back: for measuring how long something takes. */
  elapsed(): number;
  /** Calls `fn` once after `ms`; the answer cancels. Does not keep the process alive. */
  after(ms: number, fn: () => void): () => void;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Node fires timers of more than 2^31 - 1 ms at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's clock. */
export const systemClock: Clock = {
  now: Date.now,
  elapsed: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
  sleep(ms, signal) {
    return sleepBy((fn) => {
      const timer = setTimeout(fn, ms);
      return () => clearTimeout(timer);
    }, signal);
  },
};

/** A clock that stands still until `advance` is called. */
export interface ManualClock extends Clock {
  /** Moves time on and runs what falls due, in order of its time; what that schedules runs too when it falls due. */
  advance(ms: number): void;
  /** How many timers wait. */
  readonly waiting: number;
}

/** For tests: time passes only by `advance`. */
export function createManualClock(start = Date.UTC(2026, 0, 1)): ManualClock {
  const timers = new Set<{ due: number; fn: () => void }>();
  let current = start;
  function after(ms: number, fn: () => void): () => void {
    const timer = { due: current + Math.max(0, ms), fn };
    timers.add(timer);
    return () => timers.delete(timer);
  }
  return {
    now: () => current,
    elapsed: () => current - start,
    after,
    sleep: (ms, signal) => sleepBy((fn) => after(ms, fn), signal),
    get waiting() {
      return timers.size;
    },
    advance(ms) {
      const end = current + ms;
      for (;;) {
        let next: { due: number; fn: () => void } | undefined;
        for (const timer of timers) if (timer.due <= end && (next === undefined || timer.due < next.due)) next = timer;
        if (next === undefined) break;
        timers.delete(next);
        current = Math.max(current, next.due);
        next.fn();
      }
      current = end;
    },
  };
}

function sleepBy(schedule: (fn: () => void) => () => void, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const cancel = schedule(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    function onAbort() {
      cancel();
      reject(signal?.reason);
    }
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
