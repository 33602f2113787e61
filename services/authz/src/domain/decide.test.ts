import { describe, expect, test } from "@jest/globals";
import { readAttributes } from "./attributes.ts";
import { newMeter } from "./cost.ts";
import { decide, explain } from "./decide.ts";
import type { Policy, PolicyEffect } from "./policy.ts";
import type { Role } from "./role.ts";
import { compileRules } from "./rules.ts";
import { newSubject } from "./subject.ts";

const NOW = new Date("2026-01-01T00:00:00Z");
const VERSION = { tenant: 4, platform: 2 };

function aRole(name: string, permissions: string[], rest: Partial<Role> = {}): Role {
  return { name, description: "", permissions, module: "", version: 3, retired: false, updatedAt: NOW, ...rest };
}

function aPolicy(name: string, effect: PolicyEffect, expression: string, rest: Partial<Policy> = {}): Policy {
  const id = `policy_${name}`;
  const times = { createdAt: NOW, updatedAt: NOW };
  return {
    id,
    tenantId: "default",
    name,
    description: "",
    permission: "blog.post.*",
    effect,
    expression,
    enabled: true,
    version: 7,
    ...times,
    ...rest,
  };
}

const ROLES = [
  aRole("user", []),
  aRole("platform-admin", ["*"]),
  aRole("author", ["blog.post.create"]),
  aRole("editor", ["blog.post.*"]),
  aRole("old", ["blog.post.create"], { retired: true }),
];

function ask(roles: string[], policies: Policy[], permission = "blog.post.create", resource = {}) {
  const rules = compileRules(VERSION, ROLES, policies);
  const assignments = roles.map((role) => ({ userId: "user_1", role, assignedAt: NOW, assignedBy: "", expiresAt: null }));
  const subject = newSubject("user_1", "default", assignments, VERSION, rules, NOW);
  const question = { permission, resource: readAttributes(resource, "resource"), context: new Map() };
  const { allowed, steps } = explain(subject, question, newMeter());
  const short = decide(subject, question, newMeter());
  // The short way must come to the same decision as the one that looks at everything.
  expect({ allowed: short.allowed, step: short.step }).toEqual({ allowed, step: steps.at(-1) });
  return { allowed, steps: steps.map(({ kind, name, rule, result, version }) => [kind, name, rule, result, version].join(" ").trim()) };
}

describe("a decision", () => {
  test("is no where nothing says yes", () => {
    expect(ask([], [])).toEqual({ allowed: false, steps: ["role user  no-match 3", "default   deny 0"] });
  });

  test("names role, rule and version", () => {
    const { allowed, steps } = ask(["editor"], []);
    expect(allowed).toBe(true);
    expect(steps.at(-1)).toBe("role editor blog.post.* allow 3");
  });

  test("rests on the most exact rule, and tells of the others", () => {
    expect(ask(["author", "editor", "platform-admin"], []).steps).toEqual([
      "role editor blog.post.* allow 3",
      "role platform-admin * allow 3",
      "role user  no-match 3",
      "role author blog.post.create allow 3",
    ]);
  });

  test("does not count a role whose module is gone, and says so", () => {
    const { allowed, steps } = ask(["old"], []);
    expect(allowed).toBe(false);
    expect(steps[0]).toBe("role old  no-match 3");
  });

  test("is allowed by a policy where no role does", () => {
    const own = aPolicy("own", "allow", "resource.author_id == subject.id");
    expect(ask([], [own], "blog.post.update", { author_id: "user_1" })).toMatchObject({ allowed: true });
    expect(ask([], [own], "blog.post.update", { author_id: "user_2" })).toMatchObject({ allowed: false });
    expect(ask([], [own], "blog.comment.update", { author_id: "user_1" })).toMatchObject({ allowed: false });
  });

  test("an explicit no wins over roles and allowing policies", () => {
    const policies = [aPolicy("yes", "allow", "true"), aPolicy("no", "deny", "resource.locked")];
    expect(ask(["platform-admin"], policies, "blog.post.update", { locked: true })).toEqual({
      allowed: false,
      steps: ["policy policy_no blog.post.* deny 7"],
    });
    expect(ask(["platform-admin"], policies, "blog.post.update", { locked: false }).allowed).toBe(true);
  });

  test("a policy that fails does not match, and the trace shows it", () => {
    const policies = [aPolicy("no", "deny", "resource.locked"), aPolicy("yes", "allow", "resource.open")];
    expect(ask(["editor"], policies).steps).toEqual([
      "policy policy_no blog.post.* error 7",
      "role user  no-match 3",
      "role editor blog.post.* allow 3",
    ]);
    expect(ask([], policies)).toMatchObject({ allowed: false, steps: expect.arrayContaining(["policy policy_yes blog.post.* error 7"]) });
  });

  test("a denying policy is not escaped by attributes that make it costly", () => {
    const loops = "resource.a.exists(x, resource.a.exists(y, x + y == 'zz'))";
    const resource = { a: Array.from({ length: 500 }, () => "a") };
    expect(ask(["editor"], [aPolicy("no", "deny", loops)], "blog.post.update", resource).allowed).toBe(false);
    expect(ask([], [aPolicy("yes", "allow", loops)], "blog.post.update", resource).allowed).toBe(false);
  });

  test("a disabled policy is not looked at", () => {
    expect(ask(["editor"], [aPolicy("no", "deny", "true", { enabled: false })]).allowed).toBe(true);
  });

  test("administrators can mend policies whatever policies say; nobody else, and nothing else", () => {
    const everything = [aPolicy("no", "deny", "true", { permission: "*" })];
    expect(ask(["platform-admin"], everything, "authz.policy.manage").allowed).toBe(true);
    expect(ask(["platform-admin"], everything, "authz.role.manage").allowed).toBe(false);
    expect(ask(["editor"], everything, "authz.policy.manage").allowed).toBe(false);
  });

  test("a policy that this version cannot compile does not match", () => {
    expect(ask([], [aPolicy("new", "allow", "subject.shoe_size == 42")]).steps).toContain("policy policy_new blog.post.* error 7");
  });
});

describe("a subject", () => {
  const rules = compileRules(VERSION, ROLES, []);
  const assignment = (role: string, expiresAt: Date | null) => ({ userId: "u", role, assignedAt: NOW, assignedBy: "", expiresAt });

  test("has only roles that have not run out, and that there are", () => {
    const past = new Date(NOW.getTime() - 1);
    const future = new Date(NOW.getTime() + 1);
    const assignments = [assignment("editor", past), assignment("author", future), assignment("ghost", null), assignment("old", null)];
    expect(newSubject("u", "default", assignments, VERSION, rules, NOW).roles).toEqual(["author", "user"]);
    expect(newSubject("u", "default", [assignment("author", NOW)], VERSION, rules, NOW).roles).toEqual(["user"]);
  });

  test("shares what it may with everybody who has the same roles", () => {
    const one = newSubject("u", "default", [assignment("editor", null)], VERSION, rules, NOW);
    const other = newSubject("v", "default", [assignment("editor", null)], VERSION, rules, NOW);
    expect(one.grants).toBe(other.grants);
  });

  test("rests on the older of assignments and rules", () => {
    expect(newSubject("u", "default", [], { tenant: 9, platform: 1 }, rules, NOW).version).toEqual({ tenant: 4, platform: 1 });
  });
});
