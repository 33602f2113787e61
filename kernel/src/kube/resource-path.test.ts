import { expect, test } from "@jest/globals";
import { apiVersionOf, resourcePath, withQuery } from "./resource-path.ts";

const POD = { group: "", version: "v1", kind: "Pod", plural: "pods", namespaced: true };
const MODULE = { group: "plinth.dev", version: "v1alpha1", kind: "Module", plural: "modules", namespaced: true };
const NODE = { group: "", version: "v1", kind: "Node", plural: "nodes", namespaced: false };

test("paths of collections, objects and their parts", () => {
  expect(resourcePath(POD)).toBe("/api/v1/pods");
  expect(resourcePath(POD, { namespace: "shop", name: "blog-1", subresource: "log" })).toBe("/api/v1/namespaces/shop/pods/blog-1/log");
  expect(resourcePath(MODULE, { namespace: "shop" })).toBe("/apis/plinth.dev/v1alpha1/namespaces/shop/modules");
  expect(resourcePath(MODULE, { namespace: "shop", name: "blog", subresource: "status" })).toBe(
    "/apis/plinth.dev/v1alpha1/namespaces/shop/modules/blog/status",
  );
  expect(resourcePath(NODE, { namespace: "shop", name: "one" })).toBe("/api/v1/nodes/one");
  expect([apiVersionOf(POD), apiVersionOf(MODULE)]).toEqual(["v1", "plinth.dev/v1alpha1"]);
});

test("a name leads nowhere else", () => {
  // Names of roles may have a colon, and no name has a slash.
  expect(resourcePath(NODE, { name: "system:node/../x" })).toBe("/api/v1/nodes/system%3Anode%2F..%2Fx");
  for (const name of ["", ".", ".."]) expect(() => resourcePath(NODE, { name })).toThrow("no name");
  expect(() => resourcePath(POD, { name: "blog-1" })).toThrow("without its namespace");
});

test("queries leave out what has no value", () => {
  expect(withQuery("/a", undefined)).toBe("/a");
  expect(withQuery("/a", { limit: 500, continue: undefined, labelSelector: "a in (b,c)", watch: true })).toBe(
    "/a?limit=500&labelSelector=a%20in%20(b%2Cc)&watch=true",
  );
  expect(withQuery("/a?b=1", { c: 2 })).toBe("/a?b=1&c=2");
});
