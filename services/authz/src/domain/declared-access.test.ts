import { describe, expect, test } from "@jest/globals";
import { compareAccess, type KeptAccess } from "./declared-access.ts";
import type { Role } from "./role.ts";

const THEN = new Date("2026-01-01T00:00:00Z");
const NOW = new Date("2026-01-02T00:00:00Z");
const READ = { code: "blog.post.read", description: "Read", module: "blog" };
const AUTHOR = { name: "blog-author", description: "Writes", permissions: ["blog.post.read"], module: "blog" };

const kept: KeptAccess = {
  permissions: [{ ...READ, retired: false }],
  roles: [{ ...AUTHOR, version: 1, retired: false, updatedAt: THEN }],
};

describe("what modules declare", () => {
  test("is stored when it is new", () => {
    expect(compareAccess({ permissions: [], roles: [] }, { permissions: [READ], roles: [AUTHOR] }, THEN)).toEqual({
      permissions: kept.permissions,
      roles: [{ role: kept.roles[0], before: undefined }],
    });
  });

  test("is left alone when it is the same", () => {
    expect(compareAccess(kept, { permissions: [READ], roles: [AUTHOR] }, NOW)).toEqual({ permissions: [], roles: [] });
  });

  test("is stored with a higher version when it changed", () => {
    const { roles } = compareAccess(kept, { permissions: [READ], roles: [{ ...AUTHOR, permissions: ["blog.post.*"] }] }, NOW);
    expect(roles).toEqual([
      { role: { ...kept.roles[0], permissions: ["blog.post.*"], version: 2, updatedAt: NOW }, before: kept.roles[0] },
    ]);
  });

  test("is retired when it is gone, once, and comes back", () => {
    const gone = compareAccess(kept, { permissions: [], roles: [] }, NOW);
    expect(gone.permissions).toEqual([{ ...READ, retired: true }]);
    const retired = gone.roles.map(({ role }) => role) as Role[];
    expect(retired).toEqual([{ ...kept.roles[0], retired: true, version: 2, updatedAt: NOW }]);
    const after = { permissions: gone.permissions, roles: retired };
    expect(compareAccess(after, { permissions: [], roles: [] }, NOW)).toEqual({ permissions: [], roles: [] });
    expect(compareAccess(after, { permissions: [READ], roles: [AUTHOR] }, NOW)).toMatchObject({
      permissions: [{ retired: false }],
      roles: [{ role: { retired: false, version: 3 } }],
    });
  });
});
