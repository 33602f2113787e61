import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseByteSize } from "./byte-size.ts";
import { formatDuration, parseDuration } from "./duration.ts";

test.each([
  ["250ms", 250],
  ["2s", 2000],
  ["5m", 300_000],
  ["1h", 3_600_000],
  ["7d", 604_800_000],
])("%s is %d ms, and back", (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
  expect(formatDuration(milliseconds)).toBe(text);
});

test.each(["", "5", "0s", "-1s", "1.5s", " 1s", "1 s", "1w", "1h30m", "05s", "9999999999s"])("%j is no duration", (text) => {
  expect(() => parseDuration(text)).toThrow(RangeError);
});

test("every positive whole number of milliseconds survives being written and read", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999_999_999 }), (milliseconds) => parseDuration(formatDuration(milliseconds)) === milliseconds),
  );
});

test.each([0, -5, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("%d ms cannot be written", (milliseconds) => {
  expect(() => formatDuration(milliseconds)).toThrow(RangeError);
});

test("sizes are in bytes, with binary units", () => {
  expect([parseByteSize(65536), parseByteSize("512Ki"), parseByteSize("4Mi"), parseByteSize("1Gi")]).toEqual([
    65536, 524288, 4194304, 1073741824,
  ]);
  for (const text of ["", "0", "4MB", "-1Ki", "1.5Mi"]) expect(() => parseByteSize(text)).toThrow(RangeError);
});
