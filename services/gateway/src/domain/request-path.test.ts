import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { pathProblem, queryProblem } from "./request-path.ts";

test.each([
  "/",
  "/api/v1/posts",
  "/api/v1/posts/",
  "/api/v1/posts/a.b-c_d~e:publish",
  "/a/%20b",
  "/a/%C3%A4",
  "/.well-known/jwks.json",
  "/a..b",
])("%s is fine", (path) => {
  expect(pathProblem(path)).toBeUndefined();
});

test.each([
  "",
  "a",
  "//",
  "/a//b",
  "/a/.",
  "/..",
  "/a/../b",
  "/%2e",
  "/%2E%2e/a",
  "/a%2Fb",
  "/a%5cb",
  "/a\\b",
  "/%",
  "/%1",
  "/%gg",
  "/%0a",
  "/%ff",
  "/a b",
  "/ä",
])("%s is refused", (path) => {
  expect(pathProblem(path)).toBeDefined();
});

test("whatever passes is read alike by a reader that decodes and resolves it", () => {
  const pieces = fc.constantFrom("/", ".", "..", "%2e", "%2f", "%41", "a", "b", "\\", "%", "%5c", ":", ";", "%00", "%c3%a4");
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const path = `/${parts.join("")}`;
      if (pathProblem(path) !== undefined) return;
      expect(new URL(path, "http://a").pathname).toBe(path);
      expect(decodeURIComponent(path).split("/")).toHaveLength(path.split("/").length);
    }),
    { numRuns: 2000 },
  );
});

test("queries keep their percent-encoding whole", () => {
  expect(queryProblem("?a=b&c=%20")).toBeUndefined();
  expect(queryProblem("?a=%2")).toBeDefined();
  expect(queryProblem("?a=#b")).toBeDefined();
});
