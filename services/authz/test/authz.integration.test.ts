import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { newId } from "@plinth/kernel/base";
import { eventually, type ServiceHarness, startHarness, type TestCaller } from "@plinth/kernel/testing";
import { AuthzService, DecisionStep_Result, PolicyEffect } from "@plinth/proto/authz/v1/authz_pb";
import { Client } from "pg";
import authz from "../src/index.ts";

const TOKEN = "the-one-time-token-of-this-test";

/** The run's database server may have to start first. */
const START_MS = 60_000;

let harness: ServiceHarness;
let database: Client;
beforeAll(async () => {
  harness = await startHarness({ services: [authz], env: { AUTHZ_BOOTSTRAP_TOKEN: TOKEN, AUTHZ_VERSION_WAIT: "20ms" } });
  database = new Client({ connectionString: harness.adminUrl });
  await database.connect();
}, START_MS);
afterAll(async () => {
  await database.end();
  await harness.stop();
});

const as = (caller?: TestCaller) => harness.client("authz", AuthzService, caller);
const user = (id: string, tenantId = "default") => as({ user: { id, tenantId } });
const identity = (tenantId = "default") => as({ module: "identity", tenantId });
const anybody = (tenantId = "default") => as({ tenantId });
const reason = (expected: string) => expect.objectContaining({ reason: expected });

/** What was written for the outside, by topic; the relay may have moved it from the outbox to the bus. */
async function published(topic: string, tenantId: string): Promise<{ type: string; data: Record<string, string> }[]> {
  const { rows } = await database.query(
    `select envelope from (select envelope from authz.outbox union all select envelope from plinth_bus.log) sent
     where envelope->>'topic' = $1 and envelope->>'tenantId' = $2 order by envelope->>'eventId'`,
    [topic, tenantId],
  );
  return rows.map(({ envelope }) => envelope);
}

/** An event that another process sends: another instance of the service, or another module. */
async function arrives(eventType: string, type: string, tenantId: string, key: string, data: Record<string, unknown>): Promise<void> {
  const topic = type.split(".").slice(0, 2).join(".");
  const envelope = {
    eventId: newId("evt"),
    eventType,
    type,
    topic,
    version: "1.0",
    timestamp: new Date().toISOString(),
    tenantId,
    key,
    data,
  };
  await database.query(
    `insert into authz.outbox (slot, topic, key_hash, event_id, envelope) select slot, $1, 1, $2, $3 from authz.outbox_slot`,
    [topic, envelope.eventId, { ...envelope, source: "elsewhere-service", traceparent: "" }],
  );
}

async function audited(tenantId: string, action: string): Promise<Record<string, unknown>[]> {
  const entries = await published("platform.audit", tenantId);
  return entries.map(({ data }) => data.entry as unknown as Record<string, unknown>).filter((entry) => entry.action === action);
}

/** A tenant with an administrator `admin`, given by hand: the token works once. */
async function aTenant(name: string): Promise<string> {
  await database.query("insert into authz.assignments values ($1, 'admin', 'platform-admin', now(), '', null)", [name]);
  return name;
}

describe("the first administrator", () => {
  test("is one of those who claim at once with the token, and stays the only one", async () => {
    const claims = await Promise.allSettled(
      ["user_a", "user_b", "user_c"].map((userId) => identity().claimBootstrap({ userId, bootstrapToken: TOKEN })),
    );
    const winners = claims.filter(({ status }) => status === "fulfilled");
    expect(winners).toHaveLength(1);
    const winner = ["user_a", "user_b", "user_c"][claims.findIndex(({ status }) => status === "fulfilled")] ?? "";
    expect(claims.filter((claim) => claim.status === "rejected").map(({ reason: error }) => error.reason)).toEqual([
      "BOOTSTRAP_TOKEN_INVALID",
      "BOOTSTRAP_TOKEN_INVALID",
    ]);
    expect(await identity().claimBootstrap({ userId: winner, bootstrapToken: TOKEN })).toMatchObject({ role: "platform-admin" });
    await expect(identity("other").claimBootstrap({ userId: winner, bootstrapToken: TOKEN })).rejects.toEqual(
      reason("BOOTSTRAP_TOKEN_INVALID"),
    );
    expect((await anybody().hasPermission({ userId: winner, permission: "anything.at.all" })).allowed).toBe(true);
    expect(await audited("default", "bootstrap.claimed")).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ userId: winner, outcome: "OUTCOME_SUCCESS" }),
        expect.objectContaining({ outcome: "OUTCOME_DENIED" }),
      ]),
    );
  });

  test.each(["wrong", `${TOKEN}x`, TOKEN.slice(1)])("is not who claims with %s", async (bootstrapToken) => {
    await expect(identity().claimBootstrap({ userId: "user_x", bootstrapToken })).rejects.toEqual(reason("BOOTSTRAP_TOKEN_INVALID"));
    expect((await anybody().hasPermission({ userId: "user_x", permission: "blog.post.read" })).allowed).toBe(false);
  });
});

describe("roles of users", () => {
  test("let bob write posts as soon as he is an author, and no longer", async () => {
    const tenantId = await aTenant("bobs");
    const ask = (minVersion = "") => anybody(tenantId).authorize({ userId: "bob", permission: "blog.post.create", minVersion });
    expect((await ask()).authorized).toBe(false);
    const given = await user("admin", tenantId).assignRole({ userId: "bob", role: "blog-author" });
    expect(given.assignment).toMatchObject({ role: "blog-author", assignedBy: "admin" });
    expect(await ask()).toMatchObject({ authorized: true, message: "The role blog-author allows it by blog.post.create." });
    expect((await ask(given.version)).version).toBe(given.version);
    expect((await anybody(tenantId).getUserRoles({ userId: "bob" })).assignments.map(({ role }) => role)).toEqual(["blog-author", "user"]);
    const again = await user("admin", tenantId).assignRole({ userId: "bob", role: "blog-author" });
    expect(again.version).toBe(given.version);
    const taken = await user("admin", tenantId).revokeRole({ userId: "bob", role: "blog-author" });
    expect((await ask(taken.version)).authorized).toBe(false);
    const types = (await published("platform.role", tenantId)).map(({ type, data }) => `${type} ${data.userId} ${data.role}`);
    expect(types).toEqual(["platform.role.assigned bob blog-author", "platform.role.revoked bob blog-author"]);
    expect(await audited(tenantId, "role.assigned")).toEqual([
      expect.objectContaining({ userId: "admin", resourceId: "bob", metadata: { role: "blog-author", before: "", after: "for good" } }),
    ]);
  });

  test("are given by those who have the permissions themselves; a refusal leaves an audit entry alone", async () => {
    const tenantId = await aTenant("escalation");
    await user("admin", tenantId).assignRole({ userId: "clerk", role: "access-admin" });
    const before = await published("platform.role", tenantId);
    for (const role of ["platform-admin", "blog-author"]) {
      await expect(user("clerk", tenantId).assignRole({ userId: "clerk", role })).rejects.toEqual(reason("ESCALATION"));
    }
    await expect(user("clerk", tenantId).revokeRole({ userId: "admin", role: "platform-admin" })).rejects.toEqual(reason("ESCALATION"));
    await expect(user("clerk", tenantId).createRole({ name: "mine", permissions: ["blog.post.*"] })).rejects.toEqual(reason("ESCALATION"));
    const policy = { name: "mine", permission: "*", effect: PolicyEffect.ALLOW, expression: "subject.id == 'clerk'" };
    await expect(user("clerk", tenantId).createPolicy(policy)).rejects.toEqual(reason("ESCALATION"));
    expect(await published("platform.role", tenantId)).toEqual(before);
    expect((await audited(tenantId, "role.assigned")).map(({ outcome }) => outcome)).toEqual([
      "OUTCOME_SUCCESS",
      "OUTCOME_DENIED",
      "OUTCOME_DENIED",
    ]);
    await user("clerk", tenantId).assignRole({ userId: "viewer", role: "access-viewer" });
    expect((await anybody(tenantId).hasPermission({ userId: "viewer", permission: "authz.role.read" })).allowed).toBe(true);
  });

  test("keep one administrator, also when two leave at once", async () => {
    const tenantId = await aTenant("last");
    await expect(user("admin", tenantId).revokeRole({ userId: "admin", role: "platform-admin" })).rejects.toEqual(reason("LAST_ADMIN"));
    await user("admin", tenantId).assignRole({ userId: "second", role: "platform-admin" });
    const left = await Promise.allSettled([
      user("admin", tenantId).revokeRole({ userId: "admin", role: "platform-admin" }),
      user("second", tenantId).revokeRole({ userId: "second", role: "platform-admin" }),
    ]);
    expect(left.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  test("stay in their tenant", async () => {
    const tenantId = await aTenant("here");
    await user("admin", tenantId).assignRole({ userId: "bob", role: "blog-author" });
    expect((await anybody("there").hasPermission({ userId: "bob", permission: "blog.post.create" })).allowed).toBe(false);
    await expect(user("admin", "there").assignRole({ userId: "bob", role: "blog-author" })).rejects.toEqual(reason("ESCALATION"));
  });

  test("need somebody who gives them", async () => {
    await expect(anybody().assignRole({ userId: "bob", role: "blog-author" })).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  });
});

describe("roles of a tenant", () => {
  test("are made, changed, used and deleted", async () => {
    const tenantId = await aTenant("own-roles");
    const admin = user("admin", tenantId);
    const made = await admin.createRole({ name: "editor", description: "Edits", permissions: ["blog.post.*"] });
    expect(made).toMatchObject({ name: "editor", permissions: ["blog.post.*"], module: "", version: 1 });
    await admin.assignRole({ userId: "eve", role: "editor" });
    const may = async (permission: string, minVersion = "") =>
      (await anybody(tenantId).hasPermission({ userId: "eve", permission, minVersion })).allowed;
    expect([await may("blog.post.publish"), await may("blog.comment.moderate")]).toEqual([true, false]);
    await admin.assignPermissions({ name: "editor", permissions: ["blog.comment.moderate"] });
    expect(await may("blog.comment.moderate")).toBe(true);
    const less = await admin.revokePermissions({ name: "editor", permissions: ["blog.post.*"] });
    expect(less).toMatchObject({ version: 3, permissions: ["blog.comment.moderate"] });
    expect([await may("blog.post.publish", less.setVersion), await may("blog.comment.moderate")]).toEqual([false, true]);
    await expect(admin.createRole({ name: "editor" })).rejects.toEqual(reason("ROLE_EXISTS"));
    await expect(admin.createRole({ name: "e2", permissions: ["blog.past.*"] })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
    await admin.deleteRole({ name: "editor" });
    expect(await may("blog.comment.moderate")).toBe(false);
    await admin.createRole({ name: "editor", permissions: ["blog.post.*"] });
    expect(await may("blog.post.publish")).toBe(false);
    expect((await published("platform.permission", tenantId)).map(({ type, data }) => [type, data.permissions])).toEqual([
      ["platform.permission.granted", ["blog.post.*"]],
      ["platform.permission.granted", ["blog.comment.moderate"]],
      ["platform.permission.revoked", ["blog.post.*"]],
      ["platform.permission.revoked", ["blog.comment.moderate"]],
      ["platform.permission.granted", ["blog.post.*"]],
    ]);
    expect((await audited(tenantId, "role.updated")).at(-1)?.metadata).toEqual({
      before: "blog.comment.moderate blog.post.*",
      after: "blog.comment.moderate",
      version: "3",
    });
  });

  test("stand beside those of modules, which cannot be changed", async () => {
    const tenantId = await aTenant("beside");
    const admin = user("admin", tenantId);
    await admin.createRole({ name: "aaa" });
    const names: string[] = [];
    for (let pageToken = ""; ; ) {
      const page = await admin.listRoles({ pageSize: 2, pageToken });
      names.push(...page.roles.map(({ name }) => name));
      pageToken = page.nextPageToken;
      if (pageToken === "") break;
    }
    expect(names).toEqual([...names].sort());
    expect(names).toEqual(expect.arrayContaining(["aaa", "access-admin", "blog-author", "platform-admin", "user"]));
    expect(await admin.getRole({ name: "blog-author" })).toMatchObject({ module: "blog", retired: false });
    for (const name of ["blog-author", "platform-admin", "user"]) {
      await expect(admin.updateRole({ name, permissions: [] })).rejects.toEqual(reason("ROLE_DECLARED"));
      await expect(admin.deleteRole({ name })).rejects.toEqual(reason("ROLE_DECLARED"));
      await expect(admin.createRole({ name })).rejects.toEqual(reason("ROLE_EXISTS"));
    }
    const { permissions } = await admin.listPermissions({ module: "authz", pageSize: 100 });
    expect(permissions.map(({ code }) => code)).toContain("authz.role.assign");
  });
});

describe("policies", () => {
  test("allow and deny by attributes, and are explained", async () => {
    const tenantId = await aTenant("policies");
    const admin = user("admin", tenantId);
    const own = await admin.createPolicy({
      name: "own-posts",
      permission: "blog.post.update",
      effect: PolicyEffect.ALLOW,
      expression: "resource.author_id == subject.id",
    });
    const ask = (userId: string, resource: Record<string, string | boolean>) =>
      anybody(tenantId).authorize({ userId, permission: "blog.post.update", resource });
    expect((await ask("bob", { author_id: "bob" })).authorized).toBe(true);
    expect((await ask("bob", { author_id: "eve" })).authorized).toBe(false);
    const locked = await admin.createPolicy({
      name: "locked",
      permission: "blog.*",
      effect: PolicyEffect.DENY,
      expression: "resource.locked",
    });
    expect((await ask("admin", { author_id: "admin", locked: true })).authorized).toBe(false);
    const explained = await anybody(tenantId).explainDecision({
      minVersion: locked.setVersion,
      userId: "bob",
      permission: "blog.post.update",
      resource: { author_id: "bob" },
    });
    expect(explained).toMatchObject({ authorized: true, roles: ["user"], version: locked.setVersion });
    expect(explained.trace.map(({ name, result, version }) => [name, result, version])).toEqual([
      [locked.id, DecisionStep_Result.ERROR, 1],
      ["user", DecisionStep_Result.NO_MATCH, 1],
      [own.id, DecisionStep_Result.ALLOW, 1],
    ]);
    const { allowedIds } = await anybody(tenantId).listAllowed({
      userId: "bob",
      permission: "blog.post.update",
      candidates: ["bob", "eve", "bob"].map((author, index) => ({ id: `post_${index}`, attributes: { author_id: author } })),
    });
    expect(allowedIds).toEqual(["post_0", "post_2"]);
    const { results } = await anybody(tenantId).batchCheck({
      userId: "bob",
      checks: [{ permission: "blog.post.update", resource: { author_id: "bob" } }, { permission: "blog.post.delete" }],
    });
    expect(results.map(({ authorized }) => authorized)).toEqual([true, false]);
    const off = await admin.updatePolicy({ id: locked.id, enabled: false });
    expect(off).toMatchObject({ enabled: false, version: 2, expression: "resource.locked" });
    expect((await ask("admin", { locked: true })).authorized).toBe(true);
    await admin.deletePolicy({ id: own.id });
    expect((await ask("bob", { author_id: "bob" })).authorized).toBe(false);
    await expect(admin.getPolicy({ id: own.id })).rejects.toEqual(reason("POLICY_NOT_FOUND"));
    expect((await admin.listPolicies({})).policies.map(({ name }) => name)).toEqual(["locked"]);
  });

  test("that do not compile are refused with their position", async () => {
    const admin = user("admin", await aTenant("wrong-policies"));
    const wrong = { name: "wrong", permission: "blog.*", effect: PolicyEffect.DENY, expression: "resource.a ==\n user.id" };
    await expect(admin.createPolicy(wrong)).rejects.toMatchObject({
      code: "VALIDATION_ERROR",
      fieldErrors: { expression: expect.stringContaining('line 2, column 2: "user" is not known here') },
      metadata: { line: "2", column: "2" },
    });
    const good = await admin.createPolicy({ ...wrong, name: "good", expression: "true" });
    await expect(admin.createPolicy({ ...wrong, name: "good", expression: "true" })).rejects.toEqual(reason("POLICY_EXISTS"));
    await expect(admin.updatePolicy({ id: good.id, expression: "1" })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
  });
});

describe("a question", () => {
  test("about a version that never comes is refused in time", async () => {
    await expect(anybody().hasPermission({ userId: "x", permission: "a.b.c", minVersion: "999999.0" })).rejects.toEqual(
      reason("VERSION_NOT_REACHED"),
    );
    await expect(anybody().hasPermission({ userId: "x", permission: "a.b.c", minVersion: "latest" })).rejects.toMatchObject({
      code: "VALIDATION_ERROR",
    });
  });

  test("about too much is refused", async () => {
    const resource = { text: "x".repeat(70_000) };
    await expect(anybody().authorize({ userId: "x", permission: "a.b.c", resource })).rejects.toMatchObject({
      fieldErrors: { resource: expect.stringContaining("larger than 64 KiB") },
    });
  });

  test("about oneself takes the token's user", async () => {
    const tenantId = await aTenant("me");
    expect((await user("admin", tenantId).getMyPermissions({})).permissions).toEqual(["*"]);
    await expect(anybody(tenantId).getMyPermissions({})).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  });
});

describe("what happens elsewhere", () => {
  const may = (tenantId: string) => async () =>
    (await anybody(tenantId).hasPermission({ userId: "eve", permission: "blog.post.create" })).allowed;

  test("in another instance is heard of", async () => {
    const tenantId = await aTenant("instances");
    const ask = may(tenantId);
    expect(await ask()).toBe(false);
    await database.query("insert into authz.assignments values ($1, 'eve', 'mine', now(), 'admin', null)", [tenantId]);
    await database.query("insert into authz.roles values ($1, 'mine', '', '{blog.post.*}', 1, now())", [tenantId]);
    expect(await ask()).toBe(false);
    await arrives("RoleAssigned", "platform.role.assigned", tenantId, "eve", { userId: "eve", role: "mine", version: "1.1" });
    await arrives("RoleChanged", "platform.role.changed", tenantId, "mine", { role: "mine", version: "2.1" });
    await eventually(ask);
    await database.query("update authz.roles set permissions = '{}' where tenant_id = $1", [tenantId]);
    expect(await ask()).toBe(true);
    await arrives("PermissionRevoked", "platform.permission.revoked", tenantId, "mine", {
      role: "mine",
      permissions: ["blog.post.*"],
      version: "3.1",
    });
    await eventually(async () => !(await ask()));
  });

  test("to a user who is deleted takes all roles", async () => {
    const tenantId = await aTenant("deletions");
    await user("admin", tenantId).assignRole({ userId: "eve", role: "blog-author" });
    await user("admin", tenantId).assignRole({ userId: "eve", role: "blog-editor" });
    const ask = may(tenantId);
    expect(await ask()).toBe(true);
    await arrives("UserDeleted", "platform.user.deleted", tenantId, "eve", { userId: "eve", deletedAt: new Date().toISOString() });
    await eventually(async () => !(await ask()));
    const roles = async () => (await anybody(tenantId).getUserRoles({ userId: "eve" })).assignments.map(({ role }) => role);
    expect(await roles()).toEqual(["user"]);
    expect((await audited(tenantId, "role.revoked")).map(({ metadata }) => metadata)).toEqual([
      { role: "blog-author", before: "for good", after: "", cause: "user-deleted" },
      { role: "blog-editor", before: "for good", after: "", cause: "user-deleted" },
    ]);
  });
});
