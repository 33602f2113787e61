import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { comparePathPatterns, type PathPattern, parsePathPattern } from "./path-pattern.ts";
import { resolve } from "./resolve.ts";
import { routeTable } from "./route-table.ts";
import type { Route } from "./schema/spec-traffic.ts";
import { aModule } from "./testing/a-module.ts";

const tableOf = (...routes: Route[]) => routeTable([aModule("blog", { routes })]);

describe("a route", () => {
  test("has its defaults filled in and its units spelled out", () => {
    const table = tableOf({
      path: "/api/v1/blog/posts/{id}",
      methods: ["PUT", "GET"],
      permission: "blog.post.update",
      rateLimit: { requests: 600, per: "1m" },
      timeout: "2s",
      cache: { ttl: "5s" },
      bodyLimit: "4Mi",
      responseHeaders: { set: { "X-Robots-Tag": "none" } },
    });
    expect(table.list()).toEqual([
      {
        module: "blog",
        path: "/api/v1/blog/posts/{id}",
        methods: ["GET", "PUT"],
        auth: "required",
        permission: "blog.post.update",
        rateLimit: { requests: 600, perMs: 60_000 },
        timeoutMs: 2000,
        cache: { ttlMs: 5000, vary: [] },
        bodyLimitBytes: 4_194_304,
        responseHeaders: { set: { "X-Robots-Tag": "none" }, remove: [], rename: {} },
      },
    ]);
  });

  test("with a permission needs a token, even where the file says public", () => {
    expect(tableOf({ path: "/a", permission: "blog.post.read", auth: "public" }).list()[0]?.auth).toBe("required");
  });
});

describe("match", () => {
  const table = tableOf(
    { path: "/" },
    { path: "/api/v1/blog/**", auth: "public" },
    { path: "/api/v1/blog/posts/{id}", methods: ["GET"] },
    { path: "/api/v1/blog/posts/{id}:publish", methods: ["POST"] },
    { path: "/api/v1/blog/posts/featured", methods: ["GET"] },
    { path: "/api/v1/blog/*/comments/{comment}", methods: ["GET"] },
  );
  const pathOf = (method: string, path: string): string | undefined => table.match(method, path)?.route.path;

  test.each([
    ["GET", "/", "/"],
    ["GET", "/api/v1/blog", "/api/v1/blog/**"],
    ["GET", "/api/v1/blog/", "/api/v1/blog/**"],
    ["GET", "/api/v1/blog/a/b/c", "/api/v1/blog/**"],
    ["GET", "/api/v1/blog/posts/7", "/api/v1/blog/posts/{id}"],
    ["HEAD", "/api/v1/blog/posts/7", "/api/v1/blog/posts/{id}"],
    ["DELETE", "/api/v1/blog/posts/7", "/api/v1/blog/**"],
    ["GET", "/api/v1/blog/posts/featured", "/api/v1/blog/posts/featured"],
    ["GET", "/api/v1/blog/posts/%66eatured", "/api/v1/blog/posts/featured"],
    ["POST", "/api/v1/blog/posts/7:publish", "/api/v1/blog/posts/{id}:publish"],
    ["POST", "/api/v1/blog/posts/:publish", "/api/v1/blog/**"],
    ["GET", "/api/v1/blog/posts/7?a=/b", "/api/v1/blog/posts/{id}"],
    ["GET", "/api/v1/blog/posts/comments/2", "/api/v1/blog/*/comments/{comment}"],
    ["GET", "/api/v1/blog/posts/7/8", "/api/v1/blog/**"],
  ])("%s %s goes to %s", (method, path, expected) => {
    expect(pathOf(method, path)).toBe(expected);
  });

  test("gives the named parameters, decoded, and without the verb", () => {
    expect(table.match("GET", "/api/v1/blog/posts/a%20b")?.params).toEqual({ id: "a b" });
    expect(table.match("POST", "/api/v1/blog/posts/a:b:publish")?.params).toEqual({ id: "a:b" });
    expect(table.match("GET", "/api/v1/blog/x/comments/9")?.params).toEqual({ comment: "9" });
  });

  test("a parameter may be called like something of an object", () => {
    const { params } = tableOf({ path: "/{__proto__}/{constructor}" }).match("GET", "/a/b") ?? {};
    expect(Object.entries(params ?? {})).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
  });

  test.each([
    "",
    "api/v1/blog",
    "/api/v1//blog/x",
    "//api/v1/blog",
    "/api/v1/blog/../auth",
    "/api/v1/blog/%2e%2e/auth",
    "/api/v1/blog/./x",
    "/api/v1/blog/a%2fb",
    "/api/v1/blog/a%5Cb",
    "/api/v1/blog/a\\b",
    "/api/v1/blog/%00",
    "/api/v1/blog/%zz",
    "/api/v1/blog/%ff",
    `/api/v1/blog/${"x".repeat(9000)}`,
  ])("a path that readers disagree about goes nowhere: %j", (path) => {
    expect(table.match("GET", path)).toBeUndefined();
  });

  test("tells which methods a path takes", () => {
    const posts = tableOf(
      { path: "/posts", methods: ["GET"] },
      { path: "/posts/{id}", methods: ["PUT"] },
      { path: "/**", methods: ["POST"] },
    );
    expect(posts.methodsAt("/posts")).toEqual(["GET", "HEAD", "POST"]);
    expect(posts.methodsAt("/posts/1")).toEqual(["POST", "PUT"]);
    expect(posts.methodsAt("/a/../b")).toEqual([]);
  });
});

// A small world of segments, so that templates meet often.
const segment = fc.constantFrom("a", "b", "a:v", "{x}", "*", "{x}:v");
const template = fc
  .tuple(fc.array(segment, { maxLength: 4 }), fc.boolean())
  .map(([parts, rest]) => `/${[...parts, ...(rest ? ["**"] : [])].join("/")}`);
const requestPath = fc.array(fc.constantFrom("a", "b", "c", "a:v", "b:v"), { maxLength: 6 }).map((parts) => `/${parts.join("/")}`);

function expressionOf(pattern: PathPattern): RegExp {
  const parts = pattern.segments.map((part) => {
    if (part.kind === "rest") return "(/.*)?";
    if (part.kind === "literal") return `/${part.text}`;
    return part.kind === "verb" ? `/[^/]+:${part.verb}` : "/[^/]+";
  });
  return new RegExp(`^${parts.join("")}/?$`);
}

test("match agrees with trying every template, the most specific first", () => {
  fc.assert(
    fc.property(fc.uniqueArray(template, { maxLength: 12 }), requestPath, (paths, path) => {
      const patterns = paths.map(parsePathPattern).sort(comparePathPatterns);
      const expected = patterns.find((pattern) => expressionOf(pattern).test(path))?.text;
      expect(tableOf(...paths.map((text) => ({ path: text }))).match("GET", path)?.route.path).toBe(expected);
    }),
    { numRuns: 2000 },
  );
});

/** Every path of the small world up to five segments deep. */
const everyPath = allPaths(5);

function allPaths(depth: number): string[] {
  if (depth === 0) return [""];
  const shorter = allPaths(depth - 1);
  const longest = shorter.filter((path) => path.split("/").length === depth);
  return [...shorter, ...longest.flatMap((path) => ["a", "b", "c", "a:v", "b:v"].map((part) => `${path}/${part}`))];
}

test("two templates conflict if and only if they share paths and neither is the narrower", () => {
  fc.assert(
    fc.property(template, template, (left, right) => {
      const [first, second] = [left, right].map((path) => expressionOf(parsePathPattern(path)));
      let shared = false;
      let onlyFirst = false;
      let onlySecond = false;
      for (const path of everyPath) {
        const inFirst = first?.test(path) === true;
        const inSecond = second?.test(path) === true;
        shared ||= inFirst && inSecond;
        onlyFirst ||= inFirst && !inSecond;
        onlySecond ||= inSecond && !inFirst;
      }
      const { rejected } = resolve([aModule("one", { routes: [{ path: left }] }), aModule("two", { routes: [{ path: right }] })]);
      const reasons = rejected.flatMap((group) => group.problems.map((problem) => problem.reason));
      const repeats = [left, right].some((path) => path.split("{x}").length > 2);
      if (!repeats) expect(reasons).toEqual(shared && onlyFirst === onlySecond ? ["RouteConflict"] : []);
    }),
    { numRuns: 300 },
  );
});

test("routes of different methods do not conflict", () => {
  const modules = [
    aModule("one", { routes: [{ path: "/a/{x}", methods: ["GET"] }] }),
    aModule("two", { routes: [{ path: "/a/{y}", methods: ["POST"] }] }),
  ];
  expect(resolve(modules).rejected).toEqual([]);
  expect(routeTable(modules).match("POST", "/a/1")?.module).toBe("two");
});
