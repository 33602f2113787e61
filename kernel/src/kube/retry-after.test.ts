import { expect, test } from "@jest/globals";
import { backOffMs, retryAfterMs } from "./retry-after.ts";

test("reads seconds and dates, and takes no absurd hint", () => {
  const now = Date.UTC(2026, 0, 1);
  expect(retryAfterMs("1")).toBe(1000);
  expect(retryAfterMs("0")).toBe(0);
  expect(retryAfterMs("Thu, 01 Jan 2026 00:00:05 GMT", now)).toBe(5000);
  expect(retryAfterMs("Thu, 01 Jan 2026 00:00:00 GMT", now + 1)).toBe(0);
  expect(retryAfterMs("86400")).toBe(120_000);
  expect(retryAfterMs(["2", "3"])).toBe(2000);
  for (const none of [undefined, "", "soon", []]) expect(retryAfterMs(none)).toBeUndefined();
});

test("backs off exponentially up to a bound, from nothing", () => {
  expect([1, 2, 3, 9].map((failed) => backOffMs(failed, 100, 5000, () => 1))).toEqual([100, 200, 400, 5000]);
  expect(backOffMs(1000, 100, 5000, () => 1)).toBe(5000);
  expect(backOffMs(3, 100, 5000, () => 0)).toBe(0);
});
