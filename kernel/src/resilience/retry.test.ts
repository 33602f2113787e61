import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { createManualClock, type ManualClock } from "../base/clock.ts";
import { notFound, rateLimited, unavailable, validation } from "../base/errors.ts";
import { DEFAULT_RETRY, type RetryOptions, retry, retryDelayMs } from "./retry.ts";
import { createRetryBudget } from "./retry-budget.ts";

/** Runs timers as they come, until the work is settled. */
async function settled<T>(clock: ManualClock, work: Promise<T>): Promise<PromiseSettledResult<T>> {
  let result: PromiseSettledResult<T> | undefined;
  void Promise.allSettled([work]).then(([only]) => {
    result = only;
  });
  while (result === undefined) {
    await new Promise(setImmediate);
    if (clock.waiting > 0) clock.advance(10);
  }
  return result;
}

function failing(failures: number, error: Error) {
  const at: number[] = [];
  const clock = createManualClock();
  const run = (options: RetryOptions = {}) =>
    settled(
      clock,
      retry(
        async (attempt) => {
          at.push(clock.elapsed());
          if (attempt <= failures) throw error;
          return "done";
        },
        { clock, random: () => 1, ...options },
      ),
    );
  return { at, clock, run };
}

describe("retry", () => {
  test("waits ever longer between tries and answers what succeeds", async () => {
    const work = failing(2, unavailable("away"));
    expect(await work.run()).toEqual({ status: "fulfilled", value: "done" });
    expect(work.at).toEqual([0, 100, 300]);
  });

  test("throws the last error when the tries are used up", async () => {
    const work = failing(9, unavailable("away"));
    expect(await work.run()).toMatchObject({ status: "rejected", reason: { code: "SERVICE_UNAVAILABLE" } });
    expect(work.at).toHaveLength(DEFAULT_RETRY.attempts);
  });

  test.each([notFound("no such post"), validation({ name: "must be set" }), rateLimited("slow down"), new Error("bug")])(
    "tries once at %p",
    async (error) => {
      const work = failing(9, error);
      expect((await work.run()).status).toBe("rejected");
      expect(work.at).toHaveLength(1);
    },
  );

  test("waits at least as long as the callee asks for", async () => {
    const work = failing(1, rateLimited("slow down", { retryAfterSeconds: 3 }));
    await work.run({ random: () => 0 });
    expect(work.at).toEqual([0, 3000]);
  });

  test("begins no try after the time in all, nor after the deadline", async () => {
    const bounded = failing(9, unavailable("away", { retryAfterSeconds: 4 }));
    await bounded.run({ settings: { ...DEFAULT_RETRY, attempts: 10 } });
    expect(bounded.at).toHaveLength(3);
    const dead = failing(9, unavailable("away"));
    await dead.run({ deadline: dead.clock.now() + 150 });
    expect(dead.at).toEqual([0, 100]);
  });

  test("stops when the caller goes away while it waits", async () => {
    const abort = new AbortController();
    const work = failing(9, unavailable("away"));
    work.clock.after(50, () => abort.abort());
    expect(await work.run({ signal: abort.signal })).toMatchObject({ status: "rejected", reason: { message: "away" } });
    expect(work.at).toHaveLength(1);
  });

  test("stops when the budget is spent", async () => {
    const work = failing(9, unavailable("away"));
    await work.run({ budget: createRetryBudget({ reserve: 1 }) });
    expect(work.at).toHaveLength(2);
  });

  test("a wait is never longer than its bound, nor negative", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0, max: 1, noNaN: true }), (failed, random) => {
        const wait = retryDelayMs(failed, DEFAULT_RETRY, () => random);
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(Math.min(DEFAULT_RETRY.maxMs, DEFAULT_RETRY.initialMs * 2 ** (failed - 1)));
      }),
    );
  });
});

describe("retry budget", () => {
  test("never allows more than the share and the reserve", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 400 }), fc.integer({ min: 0, max: 20 }), (steps, reserve) => {
        const budget = createRetryBudget({ reserve });
        let requests = 0;
        let retries = 0;
        for (const isRequest of steps) {
          if (isRequest) {
            requests++;
            budget.deposit();
          } else if (budget.withdraw()) retries++;
        }
        expect(retries).toBeLessThanOrEqual(reserve + requests * 0.2 + 1e-6);
      }),
    );
  });

  test("five requests earn a retry", () => {
    const budget = createRetryBudget({ reserve: 1 });
    expect(budget.withdraw()).toBe(true);
    expect(budget.withdraw()).toBe(false);
    for (let request = 0; request < 5; request++) budget.deposit();
    expect(budget.withdraw()).toBe(true);
    expect(budget.withdraw()).toBe(false);
  });
});
