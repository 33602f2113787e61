import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { createListReader } from "./list-reader.ts";

interface Listed {
  readonly metadata?: unknown;
  readonly items: unknown[];
}

/** Reads a body in chunks that end where `cuts` say. */
function read(text: string, cuts: readonly number[]): Listed {
  const items: unknown[] = [];
  const reader = createListReader<{ items?: unknown[] | null }>((item) => items.push(item));
  const bytes = Buffer.from(text);
  const ends = [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    if (end > from) reader.push(bytes.subarray(from, end));
    from = end;
  }
  const rest = reader.end();
  expect(rest.items ?? []).toEqual([]);
  return { ...rest, items };
}

/** As an answer has it: without managed fields, which only metadata have. */
function expected(list: { items: { metadata?: { managedFields?: unknown } }[] }): Listed {
  const parsed = structuredClone(list);
  for (const { metadata } of parsed.items) {
    if (metadata !== undefined && Object.keys(metadata).indexOf("managedFields") > 0 && Array.isArray(metadata.managedFields))
      delete metadata.managedFields;
  }
  return parsed;
}

const KEY = fc.constantFrom("items", "metadata", "managedFields", 'quo"te', "back\\slash", "{", "ümläut 😀", "name");
const VALUE = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, fc.string(), fc.constantFrom(1, true, null, "}]", '\\"', "😀"), tie("list"), tie("map")),
  list: fc.array(tie("value"), { maxLength: 3 }),
  map: fc.dictionary(KEY, tie("value"), { maxKeys: 4 }),
})).map;
const ITEM = fc.record({
  spec: VALUE,
  metadata: fc.record({ name: fc.string(), labels: VALUE, managedFields: fc.array(VALUE, { maxLength: 2 }), uid: fc.string() }),
  status: VALUE,
});

test("reads what JSON.parse does, wherever the chunks end, without managed fields", () => {
  fc.assert(
    fc.property(fc.array(ITEM, { maxLength: 4 }), fc.boolean(), fc.array(fc.nat(), { maxLength: 12 }), (items, first, cuts) => {
      const metadata = { resourceVersion: "7", continue: "items" };
      const list = first ? { kind: "List", metadata, items } : { apiVersion: "v1", items, kind: "List", metadata };
      expect(read(JSON.stringify(list), cuts)).toEqual(expected(list as never));
    }),
    { numRuns: 500 },
  );
});

test("reads blanks between, a list of nothing, and one byte at a time", () => {
  const list = { metadata: { name: "items" }, items: [{ metadata: { name: "a", managedFields: [{ f: ["]"] }], z: 1 } }, { metadata: {} }] };
  const text = JSON.stringify(list, undefined, 2);
  expect(
    read(
      text,
      [...text].map((_, index) => index),
    ),
  ).toEqual(expected(list as never));
  expect(read('{"items":null,"metadata":{}}', [])).toEqual({ metadata: {}, items: [] });
  expect(read('{"metadata":{},"items":[]}', [])).toEqual({ metadata: {}, items: [] });
});

test("refuses a body that is cut off", () => {
  const items: unknown[] = [];
  const reader = createListReader((item) => items.push(item));
  reader.push(Buffer.from('{"items":[{"metadata":{}},{"metad'));
  expect(() => reader.end()).toThrow();
});
