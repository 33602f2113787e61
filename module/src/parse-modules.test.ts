import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { checkModule } from "./check-module.ts";
import { formatProblem } from "./format-problem.ts";
import { type ParsedModules, parseModules } from "./parse-modules.ts";
import { resolve } from "./resolve.ts";
import { aModule, aModuleText } from "./testing/a-module.ts";

const parse = (text: string): ParsedModules => parseModules(text, "module.yaml");
const messagesOf = (text: string): string[] => parse(text).problems.map(({ path, message, mend }) => `${path}: ${message}; ${mend}`);

test("reads several documents, and knows where each field is written", () => {
  const parsed = parse(
    `# yaml-language-server: $schema=module.schema.json\n${aModuleText("blog", "ports:\n  http: 8017")}---\n\n---\n${aModuleText("search", "cache: true")}---\n`,
  );
  expect(parsed.problems).toEqual([]);
  expect(parsed.modules).toEqual([aModule("blog", { ports: { http: 8017 } }), aModule("search", { cache: true })]);
  const [blog, search] = parsed.modules;
  if (blog === undefined || search === undefined) throw new Error("two modules were to be read");
  expect(parsed.locate(blog, ["spec", "ports", "http"])).toEqual({ file: "module.yaml", line: 9, column: 5 });
  expect(parsed.locate(blog, ["spec", "ports", "grpc"])).toEqual({ file: "module.yaml", line: 8, column: 3 });
  expect(parsed.locate(search, ["spec", "cache"])).toEqual({ file: "module.yaml", line: 19, column: 3 });
});

test("takes a live object with what the API server and the operator write into it", () => {
  const live = {
    ...aModule("blog"),
    metadata: {
      name: "blog",
      namespace: "shop",
      uid: "1",
      resourceVersion: "5",
      generation: 2,
      creationTimestamp: "2026-01-01T00:00:00Z",
      managedFields: [{}],
    },
    status: { phase: "Running", conditions: [], aFieldOfANewerVersion: 1 },
  };
  expect(checkModule(live)).toEqual({ module: live, problems: [] });
});

describe("did you mean", () => {
  test.each([
    ["dependancies: []", "dependencies"],
    ["Ports: {}", "ports"],
    ["deletionpolicy: Retain", "deletionPolicy"],
    ["ports: {htpp: 8000}", "http"],
    ["route: []", "routes"],
    ["deletionPolicy: retain", "Retain"],
  ])("%s", (spec, guess) => {
    expect(messagesOf(aModuleText("blog", spec))).toEqual([expect.stringMatching(`; did you mean ${guess}\\?$`)]);
  });
});

/** Of `unit: "binary"` fast-check first makes a table of all million characters. */
const anyCharacter = fc
  .integer({ min: 0, max: 0x10ffff })
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code));

describe("hostile text", () => {
  const levels = Array.from({ length: 30 }, (_, index) => `l${index}: &l${index} [${`*l${index - 1},`.repeat(9)}]`).slice(1);
  const bomb = `apiVersion: plinth.dev/v1alpha1\nkind: Module\nmetadata: {name: bomb}\nspec:\n  version: 1.0.0\n  config:\n    l0: &l0 [x]\n    ${levels.join("\n    ")}`;
  const texts: Record<string, string> = {
    "an alias bomb": bomb,
    "an alias to itself": aModuleText("blog", "config: &a {b: *a}"),
    "an alias to nothing": aModuleText("blog", "config: *nothing"),
    "thousands of opening brackets": `spec: ${"[".repeat(100_000)}`,
    "thousands of opening braces": `spec: ${"{a: ".repeat(50_000)}`,
    "deep but closed nesting": aModuleText("blog", `config: {a: ${"[".repeat(300)}${"]".repeat(300)}}`),
    "a deep block": Array.from({ length: 2000 }, (_, index) => `${" ".repeat(index)}a:`).join("\n"),
    "a list": "- 1\n- 2",
    "a word": "hello",
    "a number": "1e999",
    tabs: "apiVersion: plinth.dev/v1alpha1\nspec:\n\tversion: 1.0.0",
    "a field twice": aModuleText("blog", "cache: true\ncache: false"),
    "the prototype as a field": aModuleText("blog", "__proto__: {version: 2.0.0}"),
    "the prototype in the configuration": aModuleText("blog", "config: {__proto__: {isAdmin: true}}"),
    "a number that is none": aModuleText("blog", "replicas: .nan"),
    "an endless number": aModuleText("blog", "config: {limit: .inf}"),
    "a huge number": aModuleText("blog", `replicas: ${"9".repeat(400)}`),
    "a key that is a list": aModuleText("blog", "? [a, b]\n: 1"),
    "a tag": aModuleText("blog", 'config: {run: !!js/function "function () {}"}'),
    "another tag": aModuleText("blog", "config: !<tag:x> {a: 1}"),
    "another kind": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}",
    "a null name": "apiVersion: plinth.dev/v1alpha1\nkind: Module\nmetadata: {name: null}\nspec: {version: 1.0.0}",
    "a field for every letter": aModuleText("blog", Array.from({ length: 20_000 }, (_, index) => `x${index}: 1`).join("\n")),
    "the same field 20,000 times": aModuleText("blog", "cache: true\n".repeat(20_000)),
    "a long line": aModuleText("blog", `summary: ${"x".repeat(1_000_000)}`),
    "too much": "#".repeat(2_000_000),
    "a null byte": "a\u0000b: \u0001",
  };

  test.each(Object.keys(texts))("%s is refused, not thrown, and says so in few words", (name) => {
    const parsed = parse(texts[name] ?? "");
    expect(parsed.modules).toEqual([]);
    expect(parsed.problems.length).toBeGreaterThan(0);
    expect(parsed.problems.length).toBeLessThan(500);
    for (const problem of parsed.problems) {
      expect(problem).toMatchObject({ reason: "SchemaInvalid", file: "module.yaml", line: expect.any(Number) });
      expect(formatProblem(problem).length).toBeLessThan(2000);
    }
    expect(() => resolve(parsed.modules, parsed)).not.toThrow();
  });

  test("nothing of it reaches a prototype", () => {
    parse(texts["the prototype in the configuration"] ?? "");
    expect(({} as Record<string, unknown>).isAdmin).toBeUndefined();
  });

  test("a megabyte of documents is read", () => {
    const text = Array.from({ length: 7000 }, (_, index) => aModuleText(`m${index}`, "cache: true"))
      .join("---\n")
      .slice(0, 1_000_000);
    expect(parse(text).modules.length).toBeGreaterThan(5000);
  });

  test("whatever the text is, there are modules or problems", () => {
    const line = fc.constantFrom(
      "spec:",
      "  version: 1.0.0",
      "metadata: {name: a}",
      "kind: Module",
      "- [",
      "}",
      "&a *a",
      "? :",
      "\t",
      "---",
      '"',
      "|",
      "!!x",
      "<<: *a",
      "__proto__: 1",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: anyCharacter }),
          fc.array(fc.oneof(line, fc.string()), { maxLength: 12 }).map((lines) => lines.join("\n")),
        ),
        (text) => {
          const { modules, problems } = parse(text);
          expect(Array.isArray(modules) && Array.isArray(problems)).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});

test("any value at all is checked without throwing, also one that refers to itself", () => {
  fc.assert(fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), (value) => checkModule(value).problems.length > 0));
  const circle: Record<string, unknown> = { ...aModule("blog") };
  circle.spec = circle;
  circle.status = circle;
  expect(checkModule(circle).problems.length).toBeGreaterThan(0);
});

describe("secrets are never shown", () => {
  const SECRET = "hunter2-correct-horse";
  test.each([
    `secrets: [{name: A, value: ${SECRET}}]`,
    `secrets: ${SECRET}`,
    `secrets: [{name: "${SECRET}", from: {secret: a, key: b}}]`,
    `databasePassword: ${SECRET}`,
    `ports: {http: "postgres://plinth:${SECRET}@db/plinth"}`,
    `config: {api_key: ${SECRET}}\nconfigSchema: {properties: {api_key: {type: number}}}`,
    `config: {database: {password: ${SECRET}}}\nconfigSchema: {properties: {database: {properties: {password: {maxLength: 3}}}}}`,
    `config: {url: "https://user:${SECRET}@host"}\nconfigSchema: {properties: {url: {type: number}}}`,
    `config: {clientSecret: {nested: ${SECRET}}}\nconfigSchema: {properties: {clientSecret: {properties: {nested: {const: 1}}}}}`,
    `replicas: "sk_live_${SECRET}"`,
  ])("%s", (spec) => {
    const parsed = parse(aModuleText("blog", spec));
    const { rejected } = resolve(parsed.modules, parsed);
    const text = rejected.flatMap((group) => group.problems.map(formatProblem)).join("\n");
    expect(text).toContain("value:   ");
    expect(text).not.toContain(SECRET);
  });
});
