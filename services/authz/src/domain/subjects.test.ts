import { describe, expect, test } from "@jest/globals";
import type { AccessSnapshot } from "./access-store.ts";
import type { Role } from "./role.ts";
import type { SetVersion } from "./set-version.ts";
import { createSubjects } from "./subjects.ts";

const NOW = new Date("2026-01-01T00:00:00Z");

function aRole(name: string, permissions: string[]): Role {
  return { name, description: "", permissions, module: "", version: 1, retired: false, updatedAt: NOW };
}

/** What the database holds, and how often it was asked. */
function setUp(maxUsers = 100) {
  const state = {
    version: { tenant: 1, platform: 1 },
    roles: new Map<string, string[]>(),
    ends: null as Date | null,
    permissions: ["blog.post.read"],
    time: NOW.getTime(),
    reads: [] as boolean[],
    /** Runs between the reading and its answer. */
    meanwhile: () => {},
  };
  const subjects = createSubjects({
    maxUsers,
    versionWaitMs: () => 100,
    now: () => state.time,
    async wait(ms) {
      state.time += ms;
    },
    reader: {
      async readAccess(_tenantId, userId, withRules): Promise<AccessSnapshot> {
        state.reads.push(withRules);
        const { version, ends: expiresAt } = state;
        const assignments = (state.roles.get(userId) ?? []).map((role) => ({ userId, role, assignedAt: NOW, assignedBy: "", expiresAt }));
        const rules = { roles: [aRole("user", []), aRole("editor", [...state.permissions])], policies: [] };
        state.meanwhile();
        return { version, assignments, ...(withRules ? { rules } : {}) };
      },
    },
  });
  const may = async (userId: string, minVersion?: SetVersion) =>
    (await subjects.get("default", userId, minVersion)).grants.find("blog.post.read") !== undefined;
  const commit = (change: () => void) => {
    change();
    state.version = { ...state.version, tenant: state.version.tenant + 1 };
  };
  return { state, subjects, may, commit };
}

describe("subjects", () => {
  test("are read once, and then at once", async () => {
    const { state, subjects, may } = setUp();
    state.roles.set("u", ["editor"]);
    expect(await may("u")).toBe(true);
    expect(await may("v")).toBe(false);
    expect(subjects.get("default", "u")).not.toBeInstanceOf(Promise);
    expect(state.reads).toEqual([true, false]);
  });

  test("of calls at once are read once", async () => {
    const { state, may } = setUp();
    await Promise.all([may("u"), may("u"), may("u")]);
    expect(state.reads).toHaveLength(1);
  });

  test("are read again when the user changed", async () => {
    const { state, subjects, may, commit } = setUp();
    expect(await may("u")).toBe(false);
    commit(() => state.roles.set("u", ["editor"]));
    expect(await may("u")).toBe(false);
    subjects.forgetUser("default", "u");
    expect(await may("u")).toBe(true);
  });

  test("follow their roles without being read again", async () => {
    const { state, subjects, may, commit } = setUp();
    state.roles.set("u", ["editor"]).set("v", ["editor"]);
    expect([await may("u"), await may("v")]).toEqual([true, true]);
    commit(() => {
      state.permissions = [];
    });
    subjects.forgetRules("default", state.version);
    expect([await may("u"), await may("v")]).toEqual([false, false]);
    expect(state.reads).toEqual([true, false, true]);
  });

  test("of every tenant follow a module's role", async () => {
    const { state, subjects, may } = setUp();
    state.roles.set("u", ["editor"]);
    expect(await may("u")).toBe(true);
    state.permissions = [];
    subjects.forgetRules("another", { tenant: 9, platform: 1 });
    expect(await may("u")).toBe(true);
    state.version = { tenant: 1, platform: 2 };
    subjects.forgetRules("another", { tenant: 9, platform: 2 });
    expect(await may("u")).toBe(false);
  });

  test("read before a change are not kept after it", async () => {
    const { state, subjects, may, commit } = setUp();
    state.roles.set("u", ["editor"]);
    state.meanwhile = () => {
      state.meanwhile = () => {};
      commit(() => state.roles.delete("u"));
      subjects.forgetUser("default", "u");
    };
    // This call began before the change and may answer either way; the next may not.
    await may("u");
    expect(await may("u")).toBe(false);
  });

  test("are as recent as the caller has seen", async () => {
    const { state, may, commit } = setUp();
    expect(await may("u")).toBe(false);
    commit(() => state.roles.set("u", ["editor"]));
    expect(await may("u", state.version)).toBe(true);
    const { length } = state.reads;
    expect(await may("u", state.version)).toBe(true);
    expect(state.reads).toHaveLength(length);
  });

  test("wait for a version that is on its way, not for ever", async () => {
    const { state, may, commit } = setUp();
    state.meanwhile = () => {
      if (state.reads.length === 3) commit(() => {});
    };
    expect(await may("u", { tenant: 2, platform: 1 })).toBe(false);
    expect(state.reads.length).toBe(4);
    await expect(may("u", { tenant: 99, platform: 1 })).rejects.toMatchObject({ reason: "VERSION_NOT_REACHED" });
  });

  test("lose a role in the moment it runs out", async () => {
    const { state, may } = setUp();
    state.roles.set("u", ["editor"]);
    state.ends = new Date(state.time + 1000);
    expect(await may("u")).toBe(true);
    state.time += 999;
    expect(await may("u")).toBe(true);
    state.time += 1;
    expect(await may("u")).toBe(false);
  });

  test("are read again after a while even when no event comes", async () => {
    const { state, may, commit } = setUp();
    state.roles.set("u", ["editor"]);
    expect(await may("u")).toBe(true);
    commit(() => state.roles.delete("u"));
    state.time += 5 * 60_000;
    expect(await may("u")).toBe(false);
  });

  test("are kept for so many users only", async () => {
    const { state, may } = setUp(2);
    for (const user of ["a", "b", "c", "a"]) await may(user);
    expect(state.reads).toHaveLength(4);
  });
});
