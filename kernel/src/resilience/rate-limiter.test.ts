import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { createManualClock } from "../base/clock.ts";
import { createKeyedRateLimiter } from "./keyed-rate-limiter.ts";
import { createRateLimiter } from "./rate-limiter.ts";

describe("rate limiter", () => {
  test("never gives more than the burst and the rate allow", () => {
    const steps = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 200 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 20 }), (waits, perSecond, burst) => {
        const clock = createManualClock();
        const limiter = createRateLimiter({ perSecond, burst }, clock);
        let taken = 0;
        for (const wait of waits) {
          clock.advance(wait);
          if (limiter.take()) taken++;
          expect(taken).toBeLessThanOrEqual(burst + (clock.elapsed() * perSecond) / 1000 + 1e-6);
        }
      }),
    );
  });

  test("says when the next token comes, and gives it then", () => {
    const clock = createManualClock();
    const limiter = createRateLimiter({ perSecond: 4, burst: 1 }, clock);
    expect(limiter.take()).toBe(true);
    expect(limiter.take()).toBe(false);
    expect(limiter.retryInMs).toBe(250);
    clock.advance(250);
    expect(limiter.take()).toBe(true);
  });

  test("a changed rate holds at once", () => {
    const clock = createManualClock();
    const limiter = createRateLimiter({ perSecond: 100 }, clock);
    limiter.configure({ perSecond: 1 });
    expect(limiter.take()).toBe(true);
    expect(limiter.take()).toBe(false);
  });
});

describe("keyed rate limiter", () => {
  const limit = { requests: 5, perMs: 60_000 };

  test("allows the limit at once, then one for each interval, and says so", () => {
    const clock = createManualClock();
    const limiter = createKeyedRateLimiter({ clock });
    const remaining = Array.from({ length: 5 }, () => limiter.take("bob", limit).remaining);
    expect(remaining).toEqual([4, 3, 2, 1, 0]);
    const refused = limiter.take("bob", limit);
    expect({ ...refused, retryAfterMs: Math.round(refused.retryAfterMs) }).toEqual({
      allowed: false,
      limit: 5,
      remaining: 0,
      resetMs: 60_000,
      retryAfterMs: 12_000,
    });
    expect(limiter.take("eve", limit).allowed).toBe(true);
    clock.advance(12_000);
    expect(limiter.take("bob", limit).allowed).toBe(true);
    expect(limiter.take("bob", limit).allowed).toBe(false);
  });

  test("peek counts nothing, forget begins afresh", () => {
    const limiter = createKeyedRateLimiter({ clock: createManualClock() });
    for (let round = 0; round < 20; round++) expect(limiter.peek("bob", limit)).toMatchObject({ allowed: true, remaining: 5 });
    for (let round = 0; round < 5; round++) limiter.take("bob", limit);
    expect(limiter.peek("bob", limit).allowed).toBe(false);
    limiter.forget("bob");
    expect(limiter.take("bob", limit).allowed).toBe(true);
  });

  test("memory is bounded: the longest unused key is forgotten", () => {
    const limiter = createKeyedRateLimiter({ clock: createManualClock(), maxKeys: 2 });
    for (let round = 0; round < 5; round++) limiter.take("bob", limit);
    limiter.take("one", limit);
    limiter.take("two", limit);
    expect(limiter.take("bob", limit)).toMatchObject({ allowed: true, remaining: 4 });
  });

  test("in no stretch of time more pass than the limit and the rate allow, and waiting as told is enough", () => {
    const steps = fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 100 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 5000 }), (waits, requests, perMs) => {
        const clock = createManualClock();
        const limiter = createKeyedRateLimiter({ clock });
        const passed: number[] = [];
        for (const wait of waits) {
          clock.advance(wait);
          const answer = limiter.take("key", { requests, perMs });
          if (answer.allowed) passed.push(clock.elapsed());
          else {
            clock.advance(Math.ceil(answer.retryAfterMs));
            expect(limiter.take("key", { requests, perMs }).allowed).toBe(true);
            passed.push(clock.elapsed());
          }
        }
        passed.forEach((from, index) => {
          passed.slice(index).forEach((to, count) => {
            expect(count + 1).toBeLessThanOrEqual(requests + ((to - from) * requests) / perMs + 0.01);
          });
        });
      }),
    );
  });
});
