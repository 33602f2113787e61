import { expect, test } from "@jest/globals";
import { Ajv } from "ajv";
import fc from "fast-check";
import { ANNOTATIONS } from "./field-types.ts";
import { matcherOf } from "./matcher.ts";
import { Module } from "./module.ts";

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, formats: { "date-time": true } });
ajv.addVocabulary(ANNOTATIONS);
const byAjv = ajv.compile(Module);
const matches = matcherOf(Module, { "date-time": () => true });

const WHOLE = {
  apiVersion: "plinth.dev/v1alpha1",
  kind: "Module",
  metadata: { name: "catalog", labels: { a: "b" }, annotations: {} },
  spec: {
    version: "1.2.3-rc.1",
    summary: "What there is to buy.",
    image: "catalog:1",
    ports: { http: 8000, grpc: 9000 },
    replicas: 2,
    env: [{ name: "LOG", value: "info" }],
    config: { rounding: "half-up", nested: [1, { a: null }] },
    dependencies: [{ module: "pricing", version: "^1.0.0", optional: true }],
    calls: [{ to: "pricing" }],
    routes: [{ path: "/api/v1/catalog/**" }],
    events: { publishes: [{ topic: "catalog.item", types: ["catalog.item.changed"] }] },
    secrets: [{ name: "KEY", from: { secret: "keys", key: "signing" } }],
    resources: { requests: { cpu: "50m", memory: "96Mi" } },
    strategy: { maxSurge: 1, maxUnavailable: "25%", progressDeadline: "5m" },
    roles: [{ name: "clerk", permissions: ["catalog.item.read"] }],
    paused: false,
  },
};

/** Where something lies in a value: the keys that lead to it. */
function placesIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  const below = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return [path, ...below.flatMap(([key, child]) => placesIn(child, [...path, key]))];
}

function changedAt(value: unknown, [key, ...rest]: readonly string[], to: unknown): unknown {
  if (key === undefined) return to;
  if (Array.isArray(value)) return value.map((item, index) => (String(index) === key ? changedAt(item, rest, to) : item));
  return { ...(value as object), [key]: changedAt((value as Record<string, unknown> | null)?.[key], rest, to) };
}

const PLACES = placesIn(WHOLE);
const ODD = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    true,
    0,
    -1,
    1.5,
    70_000,
    1e12,
    "",
    "x",
    "1.0.0",
    "UPPER",
    "a b",
    "😀".repeat(50),
    "a".repeat(600),
  ),
  fc.constantFrom<unknown>([], {}, ["GET", "GET"], [{}], { unknown: 1 }, "50%", "^1.0.0", "catalog.item.*", "/a/{b}/**"),
  fc.jsonValue({ maxDepth: 2 }),
);

test("says of a Module what Ajv says, wherever something in it is another value", () => {
  expect([byAjv(WHOLE), matches(WHOLE)]).toEqual([true, true]);
  const change = fc.tuple(fc.constantFrom(...PLACES), ODD);
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const value = changes.reduce<unknown>((whole, [path, to]) => {
        return placesIn(whole).some((known) => known.join("\0") === path.join("\0")) ? changedAt(whole, path, to) : whole;
      }, WHOLE);
      expect(matches(value)).toBe(byAjv(value));
    }),
    { numRuns: 3000 },
  );
});

test("adds a field that nobody knows wherever there are fields, as Ajv sees it", () => {
  for (const path of PLACES) {
    const value = changedAt(WHOLE, [...path, "surplus"], "x");
    expect([path, matches(value)]).toEqual([path, byAjv(value)]);
  }
});

test.each([
  ["minimum", { type: "number", minimum: 2 }, [1, 2, "1", Number.NaN]],
  ["union", { type: ["string", "integer"] }, ["a", 1, 1.5, null]],
  ["twins", { type: "array", uniqueItems: true }, [[1, 1], [1, "1"], [{ a: 1 }, { a: 1 }], []]],
  ["characters", { type: "string", minLength: 2, maxLength: 2 }, ["😀", "😀😀", "ab", "abc"]],
  ["const", { const: { a: [1] } }, [{ a: [1] }, { a: [2] }]],
  ["properties", { minProperties: 1, maxProperties: 1 }, [{}, { a: 1 }, { a: 1, b: 2 }, "text"]],
])("keeps to %s as Ajv does", (_name, schema, values) => {
  const check = new Ajv({ strict: false }).compile(schema);
  for (const value of values) expect([value, matcherOf(schema)(value)]).toEqual([value, check(value)]);
});

test("refuses keywords, formats and types that it does not know", () => {
  expect(() => matcherOf({ oneOf: [] })).toThrow("oneOf");
  expect(() => matcherOf({ type: "string", format: "uri" })).toThrow("uri");
  expect(() => matcherOf({ type: "text" })).toThrow("text");
});
