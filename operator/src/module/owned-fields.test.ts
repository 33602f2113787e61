import { expect, test } from "@jest/globals";
import { hasOwnedFields } from "./owned-fields.ts";

test.each<[string, unknown, unknown, boolean]>([
  ["equal values", { a: 1, b: ["x"] }, { a: 1, b: ["x"] }, true],
  ["what others added", { a: { b: 1 } }, { a: { b: 1, c: 2 }, d: 3 }, true],
  ["another value", { a: { b: 1 } }, { a: { b: 2 } }, false],
  ["a missing field", { a: { b: 1 } }, { a: {} }, false],
  ["an empty mapping where there is nothing", { a: {}, b: [], c: false, d: 0, e: "" }, {}, true],
  ["an empty mapping where there is something: all of that is others'", { a: {} }, { a: { b: 1 } }, true],
  ["false where there is true", { a: false }, { a: true }, false],
  ["none wanted where there are some", { a: 0 }, { a: 3 }, false],
  ["a quantity in another form", { cpu: "0.5", memory: "1024Mi" }, { cpu: "500m", memory: "1Gi" }, true],
  ["another quantity", { cpu: "0.5" }, { cpu: "600m" }, false],
  ["a port as text and as number is the same port", { port: 80 }, { port: "80" }, true],
  [
    "a list in another order, with one more of another's",
    [{ name: "a", x: 1 }, { name: "b" }],
    [{ name: "c" }, { name: "b" }, { name: "a", x: 1, y: 2 }],
    true,
  ],
  ["an entry that changed", [{ name: "a", x: 1 }], [{ name: "a", x: 2 }], false],
  [
    "two entries of one key",
    [
      { port: 53, protocol: "TCP" },
      { port: 53, protocol: "UDP" },
    ],
    [
      { port: 53, protocol: "UDP" },
      { port: 53, protocol: "TCP" },
    ],
    true,
  ],
  [
    "one of them missing",
    [
      { port: 53, protocol: "TCP" },
      { port: 53, protocol: "UDP" },
    ],
    [{ port: 53, protocol: "UDP" }],
    false,
  ],
  ["texts keep their order", ["a", "b"], ["b", "a"], false],
  ["a shorter list of texts", ["a"], ["a", "b"], false],
])("%s", (_name, desired, live, expected) => {
  expect(hasOwnedFields(desired, live)).toBe(expected);
});
