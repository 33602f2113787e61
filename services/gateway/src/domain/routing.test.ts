import { expect, test } from "@jest/globals";
import type { Module, Route } from "@plinth/module";
import { buildRouting } from "./routing.ts";
import { type RpcRule, samplePathOf } from "./rpc-rules.ts";
import { settingsOf } from "./settings.ts";

const limit = { requests: 10, per: "1m" };
const settings = settingsOf({ addressLimit: limit, userLimit: limit, cors: { origins: [] }, trustedProxies: [], maintenance: false });
const module = (name: string, routes: Route[]): Module => ({
  apiVersion: "plinth.dev/v1alpha1",
  kind: "Module",
  metadata: { name },
  spec: { version: "1.0.0", routes },
});
const rule = (path: string, httpMethod: string, samplePath: string): RpcRule => ({
  path,
  httpMethod,
  samplePath,
  serverStreaming: false,
  readOnly: false,
});

test.each([
  ["/v1/posts", "/v1/posts"],
  ["/v1/posts/{id}", "/v1/posts/~"],
  ["/v1/posts/{id}:publish", "/v1/posts/~:publish"],
  ["/v1/{name=shelves/*/books/*}", "/v1/shelves/~/books/~"],
  ["/v1/{rest=**}", "/v1/~"],
])("%s stands for itself as %s", (template, sample) => {
  expect(samplePathOf(template)).toBe(sample);
});

test("a method falls under the most specific route of its own module, and of no other's", () => {
  const modules = [
    module("blog", [{ path: "/api/v1/blog/**" }, { path: "/api/v1/blog/posts", methods: ["POST"], permission: "blog.post.create" }]),
    module("open", [{ path: "/api/v1/open/**", auth: "public" }]),
  ];
  const rules = new Map([
    [
      "blog",
      [
        rule("/b.Blog/Create", "POST", "/api/v1/blog/posts"),
        rule("/b.Blog/Get", "GET", "/api/v1/blog/posts/~"),
        rule("/b.Blog/Sneak", "GET", "/api/v1/open/x"),
      ],
    ],
    ["gone", [rule("/g.Gone/Get", "GET", "/api/v1/blog/posts")]],
  ]);
  const routing = buildRouting(modules, rules, settings, false);
  expect(routing.rpc("/b.Blog/Create")?.policy.permission).toBe("blog.post.create");
  expect(routing.rpc("/b.Blog/Get")?.policy).toMatchObject({ permission: undefined, isPublic: false });
  expect(routing.rpc("/b.Blog/Sneak")).toBeUndefined();
  expect(routing.rpc("/g.Gone/Get")).toBeUndefined();
});

test("well-known paths belong to auth where it is there", () => {
  expect(buildRouting([], new Map(), settings, false).match("GET", "/.well-known/jwks.json")).toBeUndefined();
  const routing = buildRouting([module("auth", [])], new Map(), settings, false);
  expect(routing.match("GET", "/.well-known/jwks.json")).toMatchObject({ module: "auth", isPublic: true });
  expect(routing.match("POST", "/.well-known/jwks.json")).toBeUndefined();
});
