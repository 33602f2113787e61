import { describe, expect, test } from "@jest/globals";
import { createManualClock } from "@plinth/kernel/base";
import { silentLogger } from "@plinth/kernel/logging";
import { Registry } from "prom-client";
import { type ControllerOptions, type Outcome, runController } from "./controller.ts";
import { createQueue } from "./queue.ts";
import { createRuntimeMetrics } from "./runtime-metrics.ts";

/** A controller whose runs end when the test says so. */
function aController(options: Partial<ControllerOptions> = {}) {
  const clock = createManualClock();
  const registry = new Registry();
  const metrics = createRuntimeMetrics(registry);
  const queue = createQueue({ name: "module", clock, random: () => 0, metrics });
  const stop = new AbortController();
  const abort = new AbortController();
  const begun: string[] = [];
  const signals = new Map<string, AbortSignal>();
  const ends = new Map<string, (outcome: Outcome | Promise<Outcome>) => void>();
  const ended = runController({
    name: "module",
    queue,
    reconcile(key, signal) {
      begun.push(key);
      signals.set(key, signal);
      return new Promise((resolve) => ends.set(key, resolve));
    },
    concurrency: 2,
    metrics,
    logger: silentLogger,
    signal: stop.signal,
    abort: abort.signal,
    clock,
    ...options,
  });
  async function end(key: string, outcome: Outcome | Promise<Outcome> = { kind: "done" }): Promise<void> {
    ends.get(key)?.(outcome);
    await turn();
  }
  return { clock, registry, queue, stop, abort, begun, signals, end, ended };
}

/** Takes keys that are ready, and settles those that ended. */
async function turn(): Promise<void> {
  for (let count = 0; count < 3; count++) await new Promise((resolve) => setImmediate(resolve));
}

describe("a controller", () => {
  test("works on as many keys at a time as it may", async () => {
    const { queue, begun, end, stop, ended } = aController();
    for (const key of ["a", "b", "c"]) queue.add(key, "resync");
    await turn();
    expect(begun).toEqual(["a", "b"]);
    await end("a");
    expect(begun).toEqual(["a", "b", "c"]);
    stop.abort();
    await end("b");
    await end("c");
    await ended;
  });

  test("starts a user's change next, with ten thousand keys queued", async () => {
    const order: string[] = [];
    const { queue, stop, ended } = aController({
      reconcile: async (key) => {
        order.push(key);
        return { kind: "done" };
      },
    });
    for (let index = 0; index < 10_000; index++) queue.add(`m-${index}`, "resync");
    await new Promise((resolve) => setImmediate(resolve));
    const before = order.length;
    queue.add("user/changed", "change");
    await turn();
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(100);
    expect(order.indexOf("user/changed")).toBeLessThan(before + 2);
    stop.abort();
    await ended;
  });

  test("does with each outcome what it says", async () => {
    const { queue, clock, begun, end, stop, ended, registry } = aController();
    const outcomes: Record<string, () => Outcome | Promise<Outcome>> = {
      retry: () => ({ kind: "retry", error: new Error("x") }),
      thrown: () => Promise.reject(new Error("y")),
      terminal: () => ({ kind: "terminal", error: new Error("z") }),
      wait: () => ({ kind: "wait" }),
      later: () => ({ kind: "wait", afterMs: 1000 }),
      done: () => ({ kind: "done" }),
    };
    for (const [key, outcome] of Object.entries(outcomes)) {
      queue.add(key, "change");
      await turn();
      await end(key, outcome());
    }
    begun.length = 0;
    clock.advance(999);
    await turn();
    expect(begun).toEqual(["retry", "thrown"]);
    await end("retry");
    await end("thrown");
    clock.advance(300_000);
    await turn();
    expect(begun).toEqual(["retry", "thrown", "later"]);
    const text = await registry.metrics();
    expect(text).toContain('controller_runtime_reconcile_total{controller="module",result="success"} 4');
    expect(text).toContain('controller_runtime_reconcile_total{controller="module",result="error"} 3');
    expect(text).toContain('controller_runtime_reconcile_total{controller="module",result="requeue_after"} 1');
    expect(text).toContain('controller_runtime_terminal_reconcile_errors_total{controller="module"} 1');
    expect(text).toContain('controller_runtime_reconcile_panics_total{controller="module"} 1');
    expect(text).toContain('controller_runtime_active_workers{controller="module"} 1');
    expect(text).toContain('controller_runtime_max_concurrent_reconciles{controller="module"} 2');
    expect(text).toContain('workqueue_adds_total{name="module",controller="module"} 9');
    expect(text).toContain('workqueue_retries_total{name="module",controller="module"} 2');
    expect(text).toContain('workqueue_depth{name="module",controller="module",priority="change"} 0');
    expect(text).toContain('workqueue_work_duration_seconds_count{name="module",controller="module"} 8');
    clock.advance(5000);
    expect(await registry.metrics()).toContain('workqueue_longest_running_processor_seconds{name="module",controller="module"} 5');
    stop.abort();
    await end("later");
    await ended;
  });

  test("finishes what is in hand on a stop, and takes nothing more", async () => {
    const { queue, begun, signals, end, stop, ended } = aController();
    for (const key of ["a", "b", "c"]) queue.add(key, "change");
    await turn();
    stop.abort();
    await end("a");
    queue.add("d", "change");
    await turn();
    expect(begun).toEqual(["a", "b"]);
    expect(signals.get("b")?.aborted).toBe(false);
    await end("b");
    await ended;
    expect([queue.take(), queue.take()]).toEqual(["c", "d"]);
  });

  test("aborts what takes longer than a stop may, and leaves behind what does not end then", async () => {
    const { queue, clock, signals, stop, ended } = aController();
    queue.add("a", "change");
    await turn();
    stop.abort();
    clock.advance(29_999);
    expect(signals.get("a")?.aborted).toBe(false);
    clock.advance(1);
    expect(signals.get("a")?.aborted).toBe(true);
    clock.advance(1000);
    await ended;
  });

  test("aborts what is in hand at once when this replica leads no more", async () => {
    const { queue, begun, signals, end, abort, ended } = aController();
    for (const key of ["a", "b", "c"]) queue.add(key, "change");
    await turn();
    abort.abort();
    expect(signals.get("a")?.aborted).toBe(true);
    await end("a", Promise.reject(new Error("aborted")));
    await end("b", Promise.reject(new Error("aborted")));
    await ended;
    expect(begun).toEqual(["a", "b"]);
  });
});
