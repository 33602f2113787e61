import { expect, test } from "@jest/globals";
import { formatDuration, parseDuration } from "./durations.ts";

test("durations of module files are those of configuration", () => {
  expect(parseDuration("250ms")).toBe(250);
  expect(formatDuration(604_800_000)).toBe("7d");
  expect(() => parseDuration("soon")).toThrow(RangeError);
});
