import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { mergeLayers, type Tree, treeOf, valueAt } from "./layers.ts";

test("a later layer wins key by key, lists as a whole", () => {
  const { tree, sources } = mergeLayers([
    { source: "one", tree: { a: { x: 1, y: [1, 2] }, b: 1 } },
    { source: "two", tree: { a: { y: [3] }, c: null } },
  ]);
  expect(tree).toEqual({ a: { x: 1, y: [3] }, b: 1, c: null });
  expect(Object.fromEntries(sources)).toEqual({ "a.x": "one", "a.y": "two", b: "one", c: "two" });
});

test("a value takes the place of a mapping, and a mapping that of a value, with its source", () => {
  const toValue = mergeLayers([
    { source: "one", tree: { a: { x: 1, y: 2 } } },
    { source: "two", tree: { a: 5 } },
  ]);
  expect([toValue.tree, Object.fromEntries(toValue.sources)]).toEqual([{ a: 5 }, { a: "two" }]);
  const toMapping = mergeLayers([
    { source: "one", tree: { a: 5 } },
    { source: "two", tree: { a: { x: 1 } } },
  ]);
  expect([toMapping.tree, Object.fromEntries(toMapping.sources)]).toEqual([{ a: { x: 1 } }, { "a.x": "two" }]);
});

test("layers are not changed, and no key reaches a prototype", () => {
  const first: Tree = { a: { x: 1 } };
  mergeLayers([
    { source: "one", tree: first },
    { source: "two", tree: JSON.parse('{"a": {"x": 2}, "__proto__": {"polluted": true}}') as Tree },
  ]);
  expect(first).toEqual({ a: { x: 1 } });
  expect("polluted" in {}).toBe(false);
});

test("every leaf has a source, and is found by its path", () => {
  const leaf = fc.oneof(fc.integer(), fc.string(), fc.array(fc.integer(), { maxLength: 2 }));
  const { tree: trees } = fc.letrec<{ tree: Tree; value: unknown }>((tie) => ({
    tree: fc.dictionary(fc.constantFrom("a", "b", "c"), tie("value"), { noNullPrototype: true }),
    value: fc.oneof({ maxDepth: 3 }, leaf, tie("tree")),
  }));
  fc.assert(
    fc.property(fc.array(trees, { maxLength: 4 }), (layers) => {
      const { tree, sources } = mergeLayers(layers.map((layer, index) => ({ source: `${index}`, tree: layer })));
      for (const [key, source] of sources) {
        const path = key.split(".");
        expect(valueAt(tree, path)).toEqual(valueAt(layers[Number(source)], path));
      }
    }),
  );
});

test("treeOf is what valueAt finds", () => {
  expect(treeOf(["a", "b"], 1)).toEqual({ a: { b: 1 } });
  expect(valueAt(treeOf(["a", "b"], 1), ["a", "b", "c"])).toBeUndefined();
});
