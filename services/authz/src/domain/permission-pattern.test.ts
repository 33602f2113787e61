import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { covers, PatternIndex } from "./permission-pattern.ts";

describe("covers", () => {
  test.each([
    ["*", "blog.post.read", true],
    ["*", "*", true],
    ["blog.*", "blog.post.read", true],
    ["blog.*", "blog.post.*", true],
    ["blog.*", "blog.*", true],
    ["blog.*", "*", false],
    ["blog.*", "blogs.post.read", false],
    ["blog.post.*", "blog.posts.read", false],
    ["blog.post.*", "blog.*", false],
    ["blog.post.read", "blog.post.*", false],
    ["blog.post.read", "blog.post.readall", false],
  ])("%s covers %s: %s", (pattern, wanted, expected) => {
    expect(covers(pattern, wanted)).toBe(expected);
  });
});

const word = fc.constantFrom("a", "b", "ab", "c");
const code = fc.tuple(word, word, word).map((words) => words.join("."));
const pattern = fc.oneof(
  code,
  fc.constant("*"),
  word.map((module) => `${module}.*`),
  fc.tuple(word, word).map(([module, resource]) => `${module}.${resource}.*`),
);

describe("pattern index", () => {
  test("finds what comparing with every pattern finds", () => {
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 12 }), code, (patterns, asked) => {
        const index = new PatternIndex<string>();
        for (const each of patterns) index.add(each, each);
        const matching = patterns.filter((each) => covers(each, asked));
        expect([...index.collect(asked)].sort()).toEqual(matching.sort());
        const found = index.find(asked);
        expect(found === undefined ? [] : [found]).toEqual(index.collect(asked).slice(0, 1));
      }),
    );
  });

  test("prefers the most exact pattern", () => {
    const index = new PatternIndex<string>();
    for (const each of ["*", "a.*", "a.b.*", "a.b.c"]) index.add(each, each);
    expect(index.collect("a.b.c")).toEqual(["a.b.c", "a.b.*", "a.*", "*"]);
    expect(index.find("a.b.x")).toBe("a.b.*");
    expect(index.find("a.x.c")).toBe("a.*");
    expect(index.find("x.b.c")).toBe("*");
  });

  test.each(["__proto__", "constructor", "", ".", "..", "a.b.c.d"])("is not confused by %p", (asked) => {
    const index = new PatternIndex<string>();
    index.add("a.b.c", "a.b.c");
    expect(index.find(asked)).toBeUndefined();
  });
});
