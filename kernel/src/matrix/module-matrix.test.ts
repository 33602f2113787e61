import { describe, expect, test } from "@jest/globals";
import type { Module } from "@plinth/module";
import { createModuleMatrix } from "./module-matrix.ts";

function aModule(name: string, spec: Partial<Module["spec"]> = {}): Module {
  return { apiVersion: "plinth.dev/v1alpha1", kind: "Module", metadata: { name }, spec: { version: "1.0.0", summary: name, ...spec } };
}

const CHECK = "plinth.authz.v1.AuthzService/Check";
/** Without a REST form. */
const CLAIM = "plinth.authz.v1.AuthzService/ClaimBootstrap";
const ASSIGN = "plinth.authz.v1.AuthzService/AssignRole";

const blog = aModule("blog", {
  calls: [
    {
      to: "authz",
      methods: [CHECK],
      endpoints: [
        { path: "/api/v1/roles/{id}", methods: ["GET"] },
        { path: "/api/v1/roles/{id}:copy", methods: ["POST"] },
        { path: "/files/**" },
      ],
    },
  ],
});
const authz = aModule("authz", { routes: [{ path: "/api/v1/roles/**", permission: "authz.role.update" }] });

function aSource(...modules: Module[]) {
  const listeners = new Set<(snapshot: { modules: readonly Module[] }) => void>();
  const source = {
    current: { modules: modules as readonly Module[] },
    onChange(listener: (snapshot: { modules: readonly Module[] }) => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    replace(...next: Module[]) {
      source.current = { modules: next };
      for (const listener of listeners) listener(source.current);
    },
    listeners,
  };
  return source;
}

const refused = (from: string, method: string) =>
  expect.objectContaining({ code: "FORBIDDEN", reason: "PERMISSION_DENIED", metadata: { from, to: "authz", method } });

function thrownBy(check: () => void): unknown {
  try {
    check();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("module matrix", () => {
  const matrix = createModuleMatrix("authz", aSource(blog, authz, aModule("audit")), (method) => method !== CLAIM);

  test("a declared method may be called, by the one who declared it", () => {
    expect(thrownBy(() => matrix.checkMethod("blog", CHECK))).toBeUndefined();
    expect(thrownBy(() => matrix.checkMethod("blog", ASSIGN))).toEqual(refused("blog", ASSIGN));
    expect(thrownBy(() => matrix.checkMethod("audit", CHECK))).toEqual(refused("audit", CHECK));
    expect(thrownBy(() => matrix.checkMethod("nobody", CHECK))).toEqual(refused("nobody", CHECK));
    expect(thrownBy(() => matrix.checkMethod("constructor", CHECK))).toEqual(refused("constructor", CHECK));
  });

  test("the gateway may call what has routes", () => {
    expect(thrownBy(() => matrix.checkMethod("gateway", ASSIGN))).toBeUndefined();
    expect(thrownBy(() => matrix.checkMethod("gateway", CLAIM))).toEqual(refused("gateway", CLAIM));
    expect(thrownBy(() => matrix.checkEndpoint("gateway", "POST", "/api/v1/roles/5/permissions"))).toBeUndefined();
    expect(thrownBy(() => matrix.checkEndpoint("gateway", "POST", "/internal"))).toEqual(refused("gateway", "POST /internal"));
  });

  test.each([
    ["GET", "/api/v1/roles/admin"],
    ["GET", "/api/v1/roles/admin?full=1"],
    ["HEAD", "/api/v1/roles/admin"],
    ["POST", "/api/v1/roles/admin:copy"],
    ["DELETE", "/files/a/b/c"],
  ])("%s %s is declared", (method, path) => {
    expect(thrownBy(() => matrix.checkEndpoint("blog", method, path))).toBeUndefined();
  });

  test.each([
    ["DELETE", "/api/v1/roles/admin"],
    ["GET", "/api/v1/roles"],
    ["GET", "/api/v1/roles/admin/members"],
    ["GET", "/files/../api/v1/users"],
    ["GET", "/files/%2e%2e/api/v1/users"],
    ["GET", "/files//x"],
    ["GET", "files/x"],
    ["get", "/api/v1/roles/admin"],
  ])("%s %s is not", (method, path) => {
    expect(thrownBy(() => matrix.checkEndpoint("blog", method, path))).toEqual(refused("blog", `${method} ${path}`));
  });

  test("follows the modules until it is closed", () => {
    const source = aSource(blog, authz);
    const following = createModuleMatrix("authz", source, () => true);
    source.replace(authz);
    expect(thrownBy(() => following.checkMethod("blog", CHECK))).toEqual(refused("blog", CHECK));
    source.replace(blog, authz);
    expect(thrownBy(() => following.checkMethod("blog", CHECK))).toBeUndefined();
    following.close();
    expect(source.listeners.size).toBe(0);
  });
});
