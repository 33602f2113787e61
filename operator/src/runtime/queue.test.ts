import { describe, expect, test } from "@jest/globals";
import { createManualClock } from "@plinth/kernel/base";
import fc from "fast-check";
import { createQueue, type Priority, type QueueOptions } from "./queue.ts";

function aQueue(options: Partial<QueueOptions> = {}) {
  const clock = createManualClock();
  return { clock, queue: createQueue({ name: "modules", clock, random: () => 0, ...options }) };
}

describe("the queue", () => {
  test("has a key once, and gives it to one worker at a time", () => {
    const { queue } = aQueue();
    queue.add("a/x", "resync");
    queue.add("a/x", "resync");
    expect([queue.length, queue.take(), queue.take()]).toEqual([1, "a/x", undefined]);
    queue.add("a/x", "resync");
    queue.add("a/x", "resync");
    expect(queue.take()).toBeUndefined();
    queue.done("a/x");
    expect([queue.take(), queue.take()]).toEqual(["a/x", undefined]);
    queue.done("a/x");
    expect(queue.take()).toBeUndefined();
    expect(() => queue.done("a/x")).toThrow("was not taken");
  });

  test("gives a user's change before ten thousand keys of a start, whether it is new or among them", () => {
    const { queue } = aQueue();
    for (let index = 0; index < 10_000; index++) queue.add(`start/m-${index}`, "resync");
    queue.add("user/new", "change");
    queue.add("start/m-9999", "change");
    queue.add("start/m-9999", "resync");
    expect([queue.take(), queue.take(), queue.take()]).toEqual(["user/new", "start/m-9999", "start/m-0"]);
    expect(queue.length).toBe(9998);
  });

  test("a change during a run is urgent after it", () => {
    const { queue } = aQueue();
    queue.add("a", "resync");
    queue.add("b", "resync");
    queue.take();
    queue.add("a", "resync");
    queue.add("a", "change");
    queue.done("a");
    expect(queue.take()).toBe("a");
  });

  test("backs off from 5 ms to 5 minutes, less a quarter at random, and begins anew after a success", () => {
    for (const [random, share] of [
      [0, 1],
      [1, 0.75],
    ] as const) {
      const { queue, clock } = aQueue({ random: () => random });
      const waits: number[] = [];
      queue.add("a", "change");
      for (let failures = 1; failures <= 20; failures++) {
        expect(queue.take()).toBe("a");
        waits.push(queue.retry("a"));
        queue.done("a");
        expect(queue.failures("a")).toBe(failures);
        clock.advance((waits.at(-1) ?? 0) - 1);
        expect(queue.take()).toBeUndefined();
        clock.advance(1);
      }
      expect(waits.slice(0, 4)).toEqual([5, Math.round(10 * share), 20 * share, 40 * share]);
      expect(waits.slice(-3)).toEqual([300_000 * share, 300_000 * share, 300_000 * share]);
      queue.take();
      queue.forget("a");
      expect(queue.retry("a")).toBe(5);
    }
  });

  test("a retry waits as long as the API server asked for", () => {
    const { queue } = aQueue();
    queue.add("a", "change");
    queue.take();
    expect(queue.retry("a", 3000)).toBe(3000);
  });

  test("many keys that fail at once come back one after another", () => {
    const { queue } = aQueue({ retries: { perSecond: 10, burst: 3 } });
    expect(["a", "b", "c", "d", "e"].map((key) => queue.retry(key))).toEqual([5, 5, 5, 100, 200]);
  });

  test("of several times the earliest counts, and a run settles it", () => {
    const { queue, clock } = aQueue();
    queue.after("a", 1000);
    queue.after("a", 300);
    queue.after("a", 2000);
    clock.advance(299);
    expect(queue.take()).toBeUndefined();
    clock.advance(1);
    expect(queue.take()).toBe("a");
    queue.after("a", 100);
    clock.advance(100);
    expect(queue.take()).toBeUndefined();
    queue.done("a");
    expect(queue.take()).toBe("a");
    queue.done("a");
    queue.after("a", 100);
    queue.add("a", "change");
    queue.take();
    queue.done("a");
    clock.advance(10_000);
    expect(queue.take()).toBeUndefined();
    expect(clock.waiting).toBe(0);
  });

  test("a timer keeps the urgency of the run that asked for it", () => {
    const { queue, clock } = aQueue();
    queue.add("a", "change");
    queue.take();
    queue.after("a", 10);
    queue.done("a");
    queue.add("b", "resync");
    queue.after("c", 5);
    clock.advance(10);
    expect([queue.take(), queue.take(), queue.take()]).toEqual(["a", "b", "c"]);
  });
});

type Step =
  | { readonly do: "add"; readonly key: string; readonly priority: Priority }
  | { readonly do: "after"; readonly key: string; readonly ms: number }
  | { readonly do: "take" }
  | { readonly do: "finish"; readonly which: number; readonly as: "done" | "retry" | "wait" }
  | { readonly do: "pass"; readonly ms: number };

const aKey = fc.constantFrom("a", "b", "c", "d", "e");
const aStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("add" as const), key: aKey, priority: fc.constantFrom<Priority>("change", "resync") }),
  fc.record({ do: fc.constant("after" as const), key: aKey, ms: fc.nat(50) }),
  fc.record({ do: fc.constant("take" as const) }),
  fc.record({
    do: fc.constant("finish" as const),
    which: fc.nat(4),
    as: fc.constantFrom("done" as const, "retry" as const, "wait" as const),
  }),
  fc.record({ do: fc.constant("pass" as const), ms: fc.nat(40) }),
);

describe("whatever happens in whatever order", () => {
  test("no key is lost, none is run twice at once, and none that nobody asked for is run", () => {
    fc.assert(
      fc.property(fc.array(aStep, { maxLength: 200, size: "max" }), (steps) => {
        const { queue, clock } = aQueue({ random: Math.random });
        const running: string[] = [];
        /** Keys that must still begin a run, and since when at the latest that run is possible. */
        const owed = new Map<string, number>();
        const owe = (key: string, at: number): void => void owed.set(key, Math.min(owed.get(key) ?? Number.POSITIVE_INFINITY, at));

        function take(): string | undefined {
          const key = queue.take();
          if (key === undefined) return undefined;
          expect(running).not.toContain(key);
          expect(owed.get(key)).toBeLessThanOrEqual(clock.elapsed());
          owed.delete(key);
          running.push(key);
          return key;
        }
        function finish(key: string, as: "done" | "retry" | "wait"): void {
          if (as === "retry") owe(key, clock.elapsed() + queue.retry(key));
          else queue.forget(key);
          if (as === "wait") {
            queue.after(key, 20);
            owe(key, clock.elapsed() + 20);
          }
          queue.done(key);
        }

        for (const step of steps) {
          if (step.do === "add") {
            queue.add(step.key, step.priority);
            owe(step.key, clock.elapsed());
          } else if (step.do === "after") {
            queue.after(step.key, step.ms);
            owe(step.key, clock.elapsed() + step.ms);
          } else if (step.do === "take") {
            if (take() === undefined) {
              const due = [...owed].filter(([key, at]) => at <= clock.elapsed() && !running.includes(key));
              expect(due).toEqual([]);
            }
          } else if (step.do === "finish") {
            const [key] = running.splice(step.which % Math.max(1, running.length), 1);
            if (key !== undefined) finish(key, step.as);
          } else {
            clock.advance(step.ms);
          }
        }
        for (const key of running.splice(0)) finish(key, "done");
        clock.advance(3_600_000);
        for (let key = take(); key !== undefined; key = take()) {
          running.pop();
          finish(key, "done");
        }
        expect([...owed.keys()]).toEqual([]);
        expect([queue.length, clock.waiting]).toEqual([0, 0]);
      }),
      { numRuns: 500 },
    );
  });
});
