import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { csvCell } from "./export-text.ts";
import { timestampOf, timestampText } from "./timestamp-text.ts";

test("a time keeps its microseconds on the way to text and back", () => {
  const seconds = fc.bigInt({ min: -62_135_596_800n, max: 253_402_300_799n });
  fc.assert(
    fc.property(seconds, fc.nat(999_999), (whole, micros) => {
      const stamp = { ...timestampFromDate(new Date(0)), seconds: whole, nanos: micros * 1_000 };
      expect(timestampOf(timestampText(stamp, "timestamp"))).toEqual({ seconds: whole, nanos: micros * 1_000 });
    }),
  );
  expect(timestampText({ ...timestampFromDate(new Date(0)), nanos: 1_999 }, "t")).toBe("1970-01-01T00:00:00.000001Z");
});

test.each([253_402_300_800n, -62_135_596_801n])("a time that no calendar holds is refused: %d", (seconds) => {
  const stamp = { ...timestampFromDate(new Date(0)), seconds };
  expect(() => timestampText(stamp, "entry.timestamp")).toThrow(/entry.timestamp: must be a time/);
});

test.each([
  ["plain", "plain"],
  ["a,b", '"a,b"'],
  ['say "x"', '"say ""x"""'],
  ["two\r\nlines", '"two\r\nlines"'],
  ["=1+1", "'=1+1"],
  ["-2", "'-2"],
  ["@SUM(A1)", "'@SUM(A1)"],
  ['+cmd|"x"', '"\'+cmd|""x"""'],
  ["\tx", "'\tx"],
])("a cell %j is written as %j", (value, cell) => {
  expect(csvCell(value)).toBe(cell);
});
