import { type Clock, systemClock } from "@plinth/kernel/base";
import type { Logger } from "@plinth/kernel/logging";
import type { Soon } from "./at-once.ts";
import type { Queue } from "./queue.ts";
import type { RuntimeMetrics } from "./runtime-metrics.ts";

/** What a run of a key came to. */
export type Outcome =
  /** All is as it should be; a change runs it again. */
  | { readonly kind: "done" }
  /** Something else has to happen first: a watch will tell, or the time is looked at again. No failure. */
  | { readonly kind: "wait"; readonly afterMs?: number }
  /** It may well succeed later: again, with a back-off. */
  | { readonly kind: "retry"; readonly error: unknown }
  /** Only a change of the object can help: the mistake is the user's. */
  | { readonly kind: "terminal"; readonly error: unknown };

export interface ControllerOptions {
  readonly name: string;
  readonly queue: Queue;
  /**
   * Looks at all there is of a key and moves it on; an error thrown is one to retry. The signal aborts when the work in hand must end at once: time is up
   * on a stop, or this replica no longer leads. What has to wait for nothing may answer at once, and is the faster for it.
   */
  readonly reconcile: (key: string, signal: AbortSignal) => Soon<Outcome>;
  /** How many keys at a time. Default 16. */
  readonly concurrency?: number;
  readonly metrics?: RuntimeMetrics;
  readonly logger: Logger;
  /** No key is taken after it aborts; those in hand are finished. */
  readonly signal: AbortSignal;
  /** When it aborts, those in hand are aborted, too. */
  readonly abort?: AbortSignal;
  /** How long those in hand have on a stop. Default 30 s. */
  readonly drainMs?: number;
  readonly clock?: Clock;
}

/** Keys are taken for so long before watches, probes and the Lease have their turn: runs that wait for nothing would hold them up until the queue is empty. */
const TURN_MS = 5;

/** What was told to end has this long to do so before it is left behind. */
const ABORT_GRACE_MS = 1000;

/**
 * Works on the keys of a queue until `signal` aborts. Resolves when no key is in hand any more, or when one that was aborted does not end; those that are
 * not taken stay in the queue.
 */
export function runController(options: ControllerOptions): Promise<void> {
  const { name, queue, reconcile, concurrency = 16, metrics, logger, signal, abort, drainMs = 30_000, clock = systemClock } = options;
  const instruments = metrics?.forController(name);
  const ending = new AbortController();
  let active = 0;
  let scheduled = false;
  let onIdle: (() => void) | undefined;

  function schedule(): void {
    if (scheduled || signal.aborted) return;
    scheduled = true;
    setImmediate(takeKeys);
  }

  function takeKeys(): void {
    scheduled = false;
    const endsAt = clock.elapsed() + TURN_MS;
    while (active < concurrency && !signal.aborted && !ending.signal.aborted) {
      const key = queue.take();
      if (key === undefined) break;
      active++;
      run(key);
      if (clock.elapsed() >= endsAt) {
        schedule();
        break;
      }
    }
    instruments?.workers(active, concurrency);
  }

  function run(key: string): void {
    const began = clock.elapsed();
    const end = (outcome: Outcome): void => {
      settle(key, outcome, (clock.elapsed() - began) / 1000);
      queue.done(key);
      active--;
      instruments?.workers(active, concurrency);
      schedule();
      onIdle?.();
    };
    const failed = (error: unknown): Outcome => {
      if (!ending.signal.aborted) instruments?.thrown();
      return { kind: "retry", error };
    };
    let result: Soon<Outcome>;
    try {
      result = reconcile(key, ending.signal);
    } catch (error) {
      result = failed(error);
    }
    if (result instanceof Promise) void result.catch(failed).then(end);
    else end(result);
  }

  function settle(key: string, outcome: Outcome, seconds: number): void {
    switch (outcome.kind) {
      case "done":
        instruments?.reconciled("success", seconds);
        queue.forget(key);
        break;
      case "wait":
        instruments?.reconciled(outcome.afterMs === undefined ? "success" : "requeue_after", seconds);
        queue.forget(key);
        if (outcome.afterMs !== undefined) queue.after(key, outcome.afterMs);
        break;
      case "terminal":
        instruments?.reconciled("error", seconds);
        instruments?.terminal();
        logger.warn("cannot go on before it changes", { controller: name, key, error: outcome.error });
        queue.forget(key);
        break;
      case "retry": {
        const afterMs = queue.retry(key, retryAfterMs(outcome.error));
        if (ending.signal.aborted) return;
        instruments?.reconciled("error", seconds);
        logger.warn("failed, and is tried again", {
          controller: name,
          key,
          after_ms: Math.round(afterMs),
          failures: queue.failures(key),
          error: outcome.error,
        });
      }
    }
  }

  return new Promise((resolve) => {
    const stopListening = queue.onReady(schedule);
    let cancelTimer: (() => void) | undefined;

    function finish(): void {
      cancelTimer?.();
      signal.removeEventListener("abort", onStop);
      abort?.removeEventListener("abort", onAbort);
      resolve();
    }
    function finishIfIdle(): void {
      if (active === 0 && (signal.aborted || ending.signal.aborted)) finish();
    }
    function abortAll(): void {
      ending.abort(new DOMException(`The controller ${name} ends.`, "AbortError"));
      cancelTimer?.();
      cancelTimer = clock.after(ABORT_GRACE_MS, () => {
        logger.error("what is in hand does not end and is left behind", { controller: name, keys: active });
        finish();
      });
      finishIfIdle();
    }
    function onStop(): void {
      stopListening();
      if (active > 0) logger.info("finishing what is in hand", { controller: name, keys: active });
      cancelTimer ??= clock.after(drainMs, () => {
        logger.error("what is in hand took too long and is aborted", { controller: name, keys: active, limit_ms: drainMs });
        abortAll();
      });
      finishIfIdle();
    }
    function onAbort(): void {
      stopListening();
      abortAll();
    }

    onIdle = finishIfIdle;
    if (abort?.aborted) return onAbort();
    if (signal.aborted) return onStop();
    signal.addEventListener("abort", onStop, { once: true });
    abort?.addEventListener("abort", onAbort, { once: true });
    instruments?.workers(0, concurrency);
    schedule();
  });
}

/** The API server's own wish, where the error has one. */
function retryAfterMs(error: unknown): number {
  return error instanceof Error && "retryAfterMs" in error && typeof error.retryAfterMs === "number" ? error.retryAfterMs : 0;
}
