import { describe, expect, test } from "@jest/globals";
import { readAttributes } from "./attributes.ts";

const nested = (depth: number): Record<string, unknown> => (depth === 0 ? {} : { a: nested(depth - 1) });

describe("attributes", () => {
  test("become maps, so that no key is special", () => {
    const attributes = readAttributes(JSON.parse('{"__proto__": {"x": [1, null, true]}}'), "resource");
    expect(attributes).toEqual(new Map([["__proto__", new Map([["x", [1, null, true]]])]]));
  });

  test.each<[string, unknown, string]>([
    ["too many values", { list: Array.from({ length: 1001 }, () => 0) }, "has more than 1000 values"],
    ["too many keys", Object.fromEntries(Array.from({ length: 1001 }, (_, key) => [`k${key}`, 0])), "has more than 1000 values"],
    ["too long a text", { text: "x".repeat(65_537) }, "is larger than 64 KiB"],
    ["too long texts together", { list: Array.from({ length: 10 }, () => "x".repeat(7000)) }, "is larger than 64 KiB"],
    ["too deep", nested(20), "is nested deeper than 16 levels"],
  ])("%s are refused with the field", (_name, value, message) => {
    expect(() => readAttributes(value as Parameters<typeof readAttributes>[0], "checks[3].resource")).toThrow(
      expect.objectContaining({ code: "VALIDATION_ERROR", fieldErrors: { "checks[3].resource": expect.stringContaining(message) } }),
    );
  });

  test("of nothing are empty", () => {
    expect(readAttributes(undefined, "resource").size).toBe(0);
  });
});
