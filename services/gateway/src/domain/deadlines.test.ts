import { expect, test } from "@jest/globals";
import { clientTimeoutMs, deadlineMs, isImpatient } from "./deadlines.ts";

test.each([
  ["250m", undefined, 250],
  ["2S", undefined, 2000],
  ["1H", undefined, 3_600_000],
  ["100u", undefined, 1],
  [undefined, "1500", 1500],
  ["soon", undefined, undefined],
  [undefined, "-1", undefined],
  [undefined, undefined, undefined],
])("%s or %s is %s ms", (grpc, connect, expected) => {
  expect(clientTimeoutMs(grpc, connect)).toBe(expected);
});

test("a client shortens a route's time and never lengthens it; streams have no other bound", () => {
  expect(deadlineMs(1000, 200, false)).toBe(200);
  expect(deadlineMs(1000, 5000, false)).toBe(1000);
  expect(deadlineMs(1000, undefined, false)).toBe(1000);
  expect(deadlineMs(1000, undefined, true)).toBe(0);
  expect(deadlineMs(1000, 5000, true)).toBe(5000);
});

test("a client that gives a module less than half of its route's time proves nothing about the module", () => {
  expect(isImpatient(1000, 499)).toBe(true);
  expect(isImpatient(1000, 500)).toBe(false);
  expect(isImpatient(1000, undefined)).toBe(false);
});
