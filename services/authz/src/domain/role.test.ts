import { describe, expect, test } from "@jest/globals";
import { addPermissions, changeRole, newRole, type Role, removePermissions } from "./role.ts";

const NOW = new Date("2026-01-01T00:00:00Z");
const LATER = new Date("2026-01-02T00:00:00Z");
const CODES = ["blog.post.create", "blog.post.read", "shop.order.read"];
const knows = (pattern: string) =>
  CODES.some((code) => code === pattern || (pattern.endsWith(".*") && code.startsWith(pattern.slice(0, -1))));

const made = (permissions: string[]): Role => newRole("editor", { description: "d", permissions }, knows, NOW);

describe("a role", () => {
  test("has its permissions sorted, each once", () => {
    expect(made(["shop.order.read", "blog.post.*", "blog.post.*"]).permissions).toEqual(["blog.post.*", "shop.order.read"]);
  });

  test("holds only what a module declares", () => {
    expect(() => made(["blog.post.create", "blog.past.*", "shop.order.write"])).toThrow(
      expect.objectContaining({ fieldErrors: { permissions: expect.stringContaining('"blog.past.*", "shop.order.write"') } }),
    );
  });

  test("keeps what it has when the module is gone, and gets no more of it", () => {
    const role = { ...made([]), permissions: ["gone.thing.read"] };
    expect(addPermissions(role, ["blog.post.read"], knows, LATER).permissions).toEqual(["blog.post.read", "gone.thing.read"]);
    expect(() => addPermissions(role, ["gone.thing.write"], knows, LATER)).toThrow("gone.thing.write");
  });

  test("counts its changes, and only changes", () => {
    const role = made(["blog.post.read"]);
    expect(addPermissions(role, ["blog.post.read"], knows, LATER)).toBe(role);
    expect(changeRole(role, {}, knows, LATER)).toBe(role);
    expect(changeRole(role, { description: "e" }, knows, LATER)).toMatchObject({ version: 2, updatedAt: LATER, description: "e" });
    expect(removePermissions(role, ["blog.post.read"], LATER)).toMatchObject({ version: 2, permissions: [] });
    expect(removePermissions(role, ["shop.order.read"], LATER)).toBe(role);
  });

  test("does not pretend to take a code out of a wildcard", () => {
    expect(() => removePermissions(made(["blog.post.*"]), ["blog.post.create"], LATER)).toThrow('cannot be taken out of "blog.post.*"');
  });

  test.each(["blog", "platform"])("of %s cannot be changed", (module) => {
    const role = { ...made([]), module };
    for (const change of [
      () => changeRole(role, { description: "x" }, knows, LATER),
      () => addPermissions(role, ["blog.post.read"], knows, LATER),
      () => removePermissions(role, ["blog.post.read"], LATER),
    ]) {
      expect(change).toThrow(expect.objectContaining({ reason: "ROLE_DECLARED" }));
    }
  });

  test("has at most 500 permissions", () => {
    const many = Array.from({ length: 501 }, (_, index) => `a.b.c${index}`);
    expect(() => newRole("r", { description: "", permissions: many }, () => true, NOW)).toThrow("at most 500");
  });
});
