import { describe, expect, test } from "@jest/globals";
import { type AssignmentState, assignRole, type HeldRole, mayRevoke } from "./assignment.ts";
import type { Role } from "./role.ts";

const NOW = new Date("2026-01-01T00:00:00Z");
const TOMORROW = new Date("2026-01-02T00:00:00Z");
const NEXT_YEAR = new Date("2027-01-01T00:00:00Z");

function aRole(name: string, permissions: string[], rest: Partial<Role> = {}): Role {
  return { name, description: "", permissions, module: "", version: 1, retired: false, updatedAt: NOW, ...rest };
}

const ADMIN = aRole("platform-admin", ["*"]);
const EDITOR = aRole("editor", ["blog.post.*"]);

function held(role: Role, expiresAt: Date | null = null): HeldRole {
  return { role, expiresAt };
}

function aState(rest: Partial<AssignmentState> = {}): AssignmentState {
  return { actor: [held(ADMIN)], role: EDITOR, current: undefined, count: 0, otherAdmins: 1, ...rest };
}

const wanted = (role: string, expiresAt: Date | null = null) => ({ userId: "user_bob", role, expiresAt });
const assign = (state: AssignmentState, expiresAt: Date | null = null) =>
  assignRole(state, wanted(state.role?.name ?? "ghost", expiresAt), "user_alice", NOW);
const refusal = (reason: string) => expect.objectContaining({ reason });
const assigned = (role: string, expiresAt: Date | null = null) => ({ ...wanted(role, expiresAt), assignedAt: NOW, assignedBy: "" });

describe("giving a role", () => {
  test("notes who gave it and when", () => {
    expect(assign(aState(), TOMORROW)).toEqual({ ...wanted("editor", TOMORROW), assignedAt: NOW, assignedBy: "user_alice" });
  });

  test("that the user has changes nothing", () => {
    const current = assigned("editor");
    expect(assign(aState({ current }))).toBe(current);
    expect(assign(aState({ current }), TOMORROW)).toMatchObject({ expiresAt: TOMORROW, assignedBy: "user_alice" });
  });

  test.each<[string, HeldRole[], Role]>([
    ["with a permission that the actor lacks", [held(aRole("access-admin", ["authz.*"]))], EDITOR],
    ["with a wildcard of which the actor has only codes", [held(aRole("a", ["blog.post.create", "blog.post.read"]))], EDITOR],
    ["of everything, by one who has one module", [held(aRole("a", ["blog.*"]))], ADMIN],
    ["of a module, by one who has one resource", [held(EDITOR)], aRole("b", ["blog.*"])],
    ["by one whose role went with its module", [held(aRole("a", ["*"], { retired: true }))], EDITOR],
    ["by one who has nothing", [], EDITOR],
  ])("%s is refused", (_name, actor, role) => {
    expect(() => assign(aState({ actor, role }))).toThrow(refusal("ESCALATION"));
  });

  test("with what several roles of the actor hold together is allowed", () => {
    const actor = [held(EDITOR), held(aRole("reader", ["shop.*"]))];
    expect(assign(aState({ actor, role: aRole("both", ["blog.post.create", "shop.order.*"]) })).role).toBe("both");
  });

  test("for longer than the actor has it is refused", () => {
    const actor = [held(ADMIN, TOMORROW)];
    expect(() => assign(aState({ actor }))).toThrow(refusal("ESCALATION"));
    expect(() => assign(aState({ actor }), NEXT_YEAR)).toThrow(refusal("ESCALATION"));
    expect(assign(aState({ actor }), TOMORROW).expiresAt).toBe(TOMORROW);
  });

  test.each([undefined, aRole("gone", [], { retired: true })])("that there is not, or no more, is refused", (role) => {
    expect(() => assign(aState({ role }))).toThrow(refusal("ROLE_NOT_FOUND"));
  });

  test("that everybody has does nothing, and cannot end", () => {
    const role = aRole("user", []);
    expect(assign(aState({ role, actor: [] }))).toMatchObject({ role: "user", assignedBy: "" });
    expect(() => assign(aState({ role }), TOMORROW)).toThrow(expect.objectContaining({ code: "VALIDATION_ERROR" }));
  });

  test("beyond the most is refused, but for one the user has", () => {
    expect(() => assign(aState({ count: 100 }))).toThrow(refusal("TOO_MANY_ROLES"));
    expect(assign(aState({ count: 100, current: assigned("editor") }), TOMORROW).expiresAt).toBe(TOMORROW);
  });

  test("does not let the last administrator run out", () => {
    const last = aState({ role: ADMIN, current: assigned("platform-admin"), otherAdmins: 0 });
    expect(() => assign(last, TOMORROW)).toThrow(refusal("LAST_ADMIN"));
    expect(assign({ ...last, otherAdmins: 1 }, TOMORROW).expiresAt).toBe(TOMORROW);
  });
});

describe("taking a role", () => {
  test("happens where the user has it", () => {
    expect(mayRevoke(aState({ current: assigned("editor") }), "editor")).toBe(true);
    expect(mayRevoke(aState(), "editor")).toBe(false);
  });

  test("works for a role that is gone with its module", () => {
    expect(mayRevoke(aState({ role: undefined, current: assigned("gone") }), "gone")).toBe(true);
  });

  test("is refused to those who may not give it", () => {
    const state = aState({ actor: [held(aRole("access-admin", ["authz.*"]))], role: ADMIN, current: assigned("platform-admin") });
    expect(() => mayRevoke(state, "platform-admin")).toThrow(refusal("ESCALATION"));
  });

  test("leaves the last administrator", () => {
    const last = aState({ role: ADMIN, current: assigned("platform-admin"), otherAdmins: 0 });
    expect(() => mayRevoke(last, "platform-admin")).toThrow(refusal("LAST_ADMIN"));
    expect(mayRevoke({ ...last, otherAdmins: 1 }, "platform-admin")).toBe(true);
    expect(mayRevoke({ ...last, current: assigned("platform-admin", TOMORROW) }, "platform-admin")).toBe(true);
  });

  test("leaves the role that everybody has", () => {
    expect(() => mayRevoke(aState(), "user")).toThrow(refusal("ROLE_IMPLICIT"));
  });
});
