import { type Clock, LONGEST_TIMER_MS, systemClock } from "../base/clock.ts";

/** The earlier of two points in time, epoch milliseconds; undefined is never. */
export function earlierDeadline(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined) return other;
  return other === undefined ? one : Math.min(one, other);
}

/** Milliseconds left, never below 0; undefined where there is no deadline. */
export function remainingMs(deadline: number | undefined, clock: Clock = systemClock): number | undefined {
  return deadline === undefined ? undefined : Math.max(0, deadline - clock.now());
}

export interface DeadlineSignal extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * A signal that aborts at the deadline (with a `TimeoutError`, which `PlinthError.from` makes TIMEOUT) or with the first of `signals`,
 * whatever comes first. To be disposed when the work is done: that frees the timer and the listeners, which `AbortSignal.any` leaves to
 * the garbage collector, on signals that may live as long as the process.
 */
export function deadlineSignal(
  deadline: number | undefined,
  signals: readonly (AbortSignal | undefined)[] = [],
  clock: Clock = systemClock,
): DeadlineSignal {
  const controller = new AbortController();
  const listened: AbortSignal[] = [];
  let cancelTimer: (() => void) | undefined;

  function dispose(): void {
    cancelTimer?.();
    for (const signal of listened) signal.removeEventListener("abort", onAbort);
    listened.length = 0;
  }
  function abort(reason: unknown): void {
    dispose();
    controller.abort(reason);
  }
  function onAbort(this: AbortSignal): void {
    abort(this.reason);
  }

  const aborted = signals.find((signal) => signal?.aborted);
  if (aborted !== undefined) {
    controller.abort(aborted.reason);
  } else {
    for (const signal of signals) {
      if (signal === undefined) continue;
      signal.addEventListener("abort", onAbort);
      listened.push(signal);
    }
    if (deadline !== undefined) {
      const ms = deadline - clock.now();
      if (ms <= 0) abort(deadlinePassed());
      else if (ms <= LONGEST_TIMER_MS) cancelTimer = clock.after(ms, () => abort(deadlinePassed()));
    }
  }
  return { signal: controller.signal, [Symbol.dispose]: dispose };
}

function deadlinePassed(): DOMException {
  return new DOMException("The deadline passed.", "TimeoutError");
}
