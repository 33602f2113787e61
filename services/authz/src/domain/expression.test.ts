import { describe, expect, test } from "@jest/globals";
import { readAttributes } from "./attributes.ts";
import { MAX_REQUEST_STEPS, newMeter } from "./cost.ts";
import { compileExpression } from "./expression.ts";

type Json = Parameters<typeof readAttributes>[0];

function evaluate(text: string, resource: Json = {}, context: Json = {}) {
  const subject = readAttributes({ id: "user_1", roles: ["editor", "user"], tenant_id: "default" }, "subject");
  return compileExpression(text)(
    { subject, resource: readAttributes(resource, "resource"), context: readAttributes(context, "context") },
    newMeter(),
  );
}

describe("an expression that holds", () => {
  test.each<[string, Json, Json]>([
    ["resource.author_id == subject.id", { author_id: "user_1" }, {}],
    ["'editor' in subject.roles && subject.tenant_id == 'default'", {}, {}],
    ["resource.tags.exists(t, t == 'x')", { tags: ["y", "x"] }, {}],
    ["resource.tags.all(t, t.startsWith('x'))", { tags: ["x1", "x2"] }, {}],
    ["resource.a.all(x, x in resource.b)", { a: [1, 2], b: [2, 1] }, {}],
    ["resource.price < 100 && resource.price >= 3", { price: 3 }, {}],
    ["has(resource.owner) ? resource.owner == subject.id : true", {}, {}],
    ["context.ip.matches('^10[.]')", {}, { ip: "10.0.0.1" }],
    ["timestamp(context.time) < timestamp('2030-01-01T00:00:00Z')", {}, { time: "2026-01-01T00:00:00Z" }],
    ["resource.tags.filter(t, t != 'x').size() == 1", { tags: ["x", "y"] }, {}],
    ["resource.items.exists_one(i, i.id == 2)", { items: [{ id: 1 }, { id: 2 }] }, {}],
    ["resource['author_id'] == subject.id", { author_id: "user_1" }, {}],
    ["resource.constructor == 'x' && resource.__proto__ == 'y'", JSON.parse('{"constructor":"x","__proto__":"y"}'), {}],
  ])("%s", (text, resource, context) => {
    expect(evaluate(text, resource, context)).toEqual({ kind: "true" });
  });
});

describe("an expression that fails at evaluation", () => {
  test.each<[string, Json, string]>([
    ["resource.author_id == subject.id", {}, "field not found: author_id"],
    ["resource.count > 'x'", { count: 1 }, "no matching overload"],
    ["resource.name", { name: "x" }, "gives no boolean"],
    ["resource.tags.exists(t, t == 'x')", { tags: "x" }, "type mismatch"],
    ["resource.text.matches(resource.pattern)", { text: "x", pattern: "(" }, "missing"],
  ])("%s", (text, resource, problem) => {
    expect(evaluate(text, resource)).toEqual({ kind: "failed", problem: expect.stringContaining(problem) });
  });
});

describe("an expression that is no policy", () => {
  test.each([
    ["resource.a == ", "line 1, column 12: found = but expecting end of input"],
    ["resource.a == 1 &&\n  subject.id )", "line 2, column 14: found )"],
    ["user.id == 'x'", 'line 1, column 1: "user" is not known here; there are subject, resource, context'],
    ["resource.a ==\n subject.email", 'subject has no "email"; it has id, roles, tenant_id'],
    ["resource.a.lowerCase() == 'x'", 'there is no function "lowerCase"'],
    ["resource.a + 1", 'gives what "+" gives, and must give a boolean'],
    ["'yes'", "gives a constant, and must give a boolean"],
    ["[1]", "gives a list"],
    ["resource.a.map(x, x)", "gives a list"],
    ["resource", "gives a map"],
    ["Foo{a: 1} == 1", "there is no type"],
    ["resource.a.exists(x, x.b.exists(y, y.c.exists(z, z)))", "loops are nested deeper than 2 levels"],
    [`${"(".repeat(2000)}true${")".repeat(2000)}`, "line 1, column 1"],
    ["resource.a == b'x'", "line 1, column 15: there are no bytes"],
    ["bytes(resource.a) == resource.b", 'there is no function "bytes"'],
    ["@spend()", "line 1, column 1"],
    ["", "line 1, column 1"],
  ])("%j", (text, message) => {
    expect(() => compileExpression(text)).toThrow(
      expect.objectContaining({ name: "ExpressionError", message: expect.stringContaining(message) }),
    );
  });

  test("says the line and column", () => {
    expect(() => compileExpression("resource.a == 1 ||\n  foo(resource.b)")).toThrow(
      expect.objectContaining({ position: { line: 2, column: expect.any(Number) } }),
    );
  });
});

describe("the cost of an evaluation", () => {
  const many = Array.from({ length: 900 }, (_, index) => index);

  test("is bounded for loops in loops, whatever stands beside them", () => {
    const loops = "resource.a.all(x, resource.a.all(y, x != y || true))";
    expect(evaluate(loops, { a: many })).toEqual({ kind: "costly" });
    expect(evaluate(`${loops} || true`, { a: many })).toEqual({ kind: "costly" });
    expect(evaluate(loops, { a: many.slice(0, 40) })).toEqual({ kind: "true" });
  });

  test("is bounded for regular expressions over long texts", () => {
    expect(evaluate("resource.a.all(x, resource.text.matches('(a+)+$'))", { a: many, text: "a".repeat(30_000) })).toEqual({
      kind: "costly",
    });
    expect(evaluate("resource.text.matches('(a+)+$')", { text: "a".repeat(30_000) })).toEqual({ kind: "true" });
  });

  test.each([
    "resource.a.all(x, resource.text.contains('b') || true)",
    "resource.a.all(x, size(resource.text) > 0)",
    "resource.a.all(x, resource.text.size() > 0)",
    "resource.a.all(x, (resource.text + resource.text) != '')",
    `(${"resource.text + ".repeat(20)}'') != '' || true`,
    "resource.a.all(x, x in resource.a + resource.a)",
  ])("is bounded for long texts and lists: %s", (text) => {
    expect(evaluate(text, { a: many, text: "a".repeat(60_000) })).toEqual({ kind: "costly" });
    expect(evaluate(text, { a: many.slice(0, 2), text: "a".repeat(600) })).toEqual({ kind: "true" });
  });

  test("is bounded for regular expressions that are new in every turn", () => {
    const patterns = many.map((index) => `(a{1,30}){1,30}${index}`);
    expect(evaluate("resource.a.all(x, 'a'.matches(x) || true)", { a: patterns })).toEqual({ kind: "costly" });
  });

  test("leaves room for lists that are made in a loop", () => {
    expect(evaluate("resource.a.filter(x, x > 10).map(x, x).size() == 889", { a: many })).toEqual({ kind: "true" });
  });

  test("is counted without changing what texts give", () => {
    expect(evaluate("size('a😀b') == 3 && 'a😀b'.size() == 3 && 'a' + 'b' == 'ab' && 'abc'.contains('bc')")).toEqual({ kind: "true" });
    expect(evaluate("size([1, 2]) == 2 && size({'a': 1}) == 1 && 1 + 1 == 2 && [1] + [2] == [1, 2]")).toEqual({ kind: "true" });
  });

  test("is taken from what the request has left", () => {
    const meter = newMeter();
    const input = { subject: new Map(), resource: readAttributes({ a: many }, "resource"), context: new Map() };
    const loop = compileExpression("resource.a.all(x, true)");
    expect(loop(input, meter)).toEqual({ kind: "true" });
    const cost = MAX_REQUEST_STEPS - meter.left;
    expect(cost).toBeGreaterThanOrEqual(many.length);
    expect(cost).toBeLessThan(many.length + 5);
    meter.left = 100;
    expect(loop(input, meter)).toEqual({ kind: "costly" });
    expect(meter.left).toBe(0);
    expect(compileExpression("true")(input, meter)).toEqual({ kind: "costly" });
  });

  test("does not leak from one evaluation into the next", () => {
    expect(evaluate("resource.a.all(x, resource.a.all(y, true))", { a: many })).toEqual({ kind: "costly" });
    expect(evaluate("resource.a.all(x, true)", { a: many })).toEqual({ kind: "true" });
  });
});
