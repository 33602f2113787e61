import { expect, test } from "@jest/globals";
import { parseDuration } from "./durations.ts";

test.each([
  ["250ms", 250],
  ["2s", 2000],
  ["5m", 300_000],
  ["1h", 3_600_000],
  ["7d", 604_800_000],
])("%s is %d ms", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(["", "5", "1.5s", "-1s", "s", "1 s", "1w"])("refuses %p", (text) => {
  expect(() => parseDuration(text)).toThrow();
});
