import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { canonicalJson } from "./canonical-json.ts";

test("is JSON that says the same", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("does not depend on the order of keys, and leaves out what is undefined", () => {
  expect(canonicalJson({ b: [{ d: 1, c: undefined }, undefined], a: "x" })).toBe('{"a":"x","b":[{"d":1},null]}');
  expect(canonicalJson({ a: "x", b: [{ d: 1 }, null] })).toBe(canonicalJson({ b: [{ d: 1 }, null], a: "x" }));
});
