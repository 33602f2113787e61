import { expect, test } from "@jest/globals";
import { createManualClock } from "../base/clock.ts";
import { createRequestLimiter } from "./limiter.ts";

test("lets a burst through, then one after the other", async () => {
  const clock = createManualClock();
  const limiter = createRequestLimiter({ perSecond: 10, burst: 2 }, clock);
  const admitted: number[] = [];
  for (let index = 0; index < 4; index++) void limiter.admit().then(() => admitted.push(index));
  await Promise.resolve();
  expect(admitted).toEqual([0, 1]);
  clock.advance(100);
  await Promise.resolve();
  await Promise.resolve();
  expect(admitted).toEqual([0, 1, 2]);
  clock.advance(100);
  await Promise.resolve();
  await Promise.resolve();
  expect(admitted).toEqual([0, 1, 2, 3]);
});

test("who no longer waits gives the place back", async () => {
  const clock = createManualClock();
  const limiter = createRequestLimiter({ perSecond: 1, burst: 1 }, clock);
  await limiter.admit();
  const unwanted = new AbortController();
  const waiting = limiter.admit(unwanted.signal);
  unwanted.abort(new Error("Not wanted."));
  await expect(waiting).rejects.toThrow("Not wanted.");
  clock.advance(1000);
  await limiter.admit();
  expect(clock.waiting).toBe(0);
});
