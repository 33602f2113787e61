import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { loadMigrations, openDatabase } from "@plinth/kernel/database";
import { silentLogger } from "@plinth/kernel/logging";
import { createTestDatabase, type TestDatabase } from "@plinth/kernel/testing";
import { AccessEvents } from "../src/store/access-events.ts";
import { PostgresAccessReader } from "../src/store/access-reader.ts";
import { PostgresAssignmentStore } from "../src/store/assignment-store.ts";
import { PostgresDeclaredStore } from "../src/store/declared-store.ts";
import { AssignmentEntity, PolicyEntity } from "../src/store/entities.ts";
import { TenantWrites } from "../src/store/tenant-writes.ts";

/** The run's database server may have to start first. */
const START_MS = 60_000;

let testDatabase: TestDatabase;
let database: Awaited<ReturnType<typeof openDatabase>>;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const { url, schema } = await testDatabase.provision("authz", [
    await loadMigrations("authz", join(import.meta.dirname, "../migrations")),
  ]);
  database = await openDatabase({ url, schema, entities: [AssignmentEntity, PolicyEntity], logger: silentLogger });
}, START_MS);
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

/** What left the transactions, and what this process was told to forget. */
let told: string[] = [];
beforeEach(() => {
  told = [];
});

function stores() {
  const events = new AccessEvents({
    async publish(_tx, schema, event) {
      const { userId = "", role = "", deleted = "" } = event as { userId?: string; role?: string; deleted?: boolean };
      told.push(`${schema.name} ${userId} ${role} ${deleted}`.replaceAll(/ +/g, " ").trim());
    },
    async audit(_tx, { action, outcome }) {
      told.push(`${action} ${outcome}`);
    },
  });
  const writes = new TenantWrites(database, {
    forgetUser: (tenantId, userId) => told.push(`forget ${tenantId} ${userId}`),
    forgetRules: (tenantId, { tenant, platform }) => told.push(`forget rules of ${tenantId} ${tenant}.${platform}`),
  });
  return {
    assignments: new PostgresAssignmentStore(database, writes, events),
    declared: new PostgresDeclaredStore(database, writes, events),
    reader: new PostgresAccessReader(database),
  };
}

const READ = { code: "blog.post.read", description: "Read", module: "blog" };
const AUTHOR = { name: "blog-author", description: "", permissions: ["blog.post.read"], module: "blog" };

describe("what modules declare", () => {
  test("is kept when the module goes, gives nothing meanwhile, and comes back", async () => {
    const { declared, reader } = stores();
    const look = async () => {
      const { rules, version } = await reader.readAccess("default", "u", true);
      const { items } = await declared.listPermissions("blog", { size: 10, token: "" });
      return { roles: rules?.roles.map(({ name, retired, version: own }) => ({ name, retired, version: own })), version, items };
    };
    await declared.follow({ permissions: [READ], roles: [AUTHOR] });
    expect(await look()).toEqual({
      roles: [{ name: "blog-author", retired: false, version: 1 }],
      version: { tenant: 0, platform: 1 },
      items: [{ ...READ, retired: false }],
    });
    expect(told).toEqual([
      "RoleChanged blog-author false",
      "PermissionGranted blog-author",
      "role.created success",
      "forget rules of default 0.1",
    ]);

    told = [];
    await declared.follow({ permissions: [READ], roles: [AUTHOR] });
    expect(told).toEqual([]);

    await declared.follow({ permissions: [], roles: [] });
    expect(told).toEqual([
      "RoleChanged blog-author false",
      "PermissionRevoked blog-author",
      "role.retired success",
      "forget rules of default 0.2",
    ]);
    expect(await look()).toMatchObject({ roles: [{ name: "blog-author", retired: true, version: 2 }], items: [{ retired: true }] });

    await declared.follow({ permissions: [READ], roles: [AUTHOR] });
    expect(await look()).toMatchObject({ roles: [{ retired: false, version: 3 }], items: [{ retired: false }], version: { platform: 3 } });
  });

  test("stored by several instances at once is stored once", async () => {
    const { declared } = stores();
    const roles = [AUTHOR, { ...AUTHOR, name: "blog-editor" }];
    await Promise.all([1, 2, 3].map(() => declared.follow({ permissions: [READ], roles })));
    expect(told.filter((line) => line === "RoleChanged blog-editor false")).toHaveLength(1);
  });

  test("does not take the place of a tenant's own role of the same name", async () => {
    const { declared, reader } = stores();
    const own = "insert into roles values ('mine', 'shop-clerk', 'ours', '{}', 1, now())";
    await database.transaction((tx) => tx.query(own), { tenantId: "mine" });
    await declared.follow({ permissions: [READ], roles: [AUTHOR, { ...AUTHOR, name: "shop-clerk", permissions: ["*"] }] });
    const clerk = async (tenantId: string) =>
      (await reader.readAccess(tenantId, "u", true)).rules?.roles
        .filter(({ name }) => name === "shop-clerk")
        .map(({ permissions }) => permissions);
    expect(await clerk("mine")).toEqual([[]]);
    expect(await clerk("other")).toEqual([["*"]]);
  });
});

describe("roles that run out", () => {
  test("are taken, in every tenant, and told of", async () => {
    const { assignments, reader } = stores();
    const insert = "insert into assignments values ($1, $2, 'blog-author', now(), 'admin', $3)";
    const [past, future] = [new Date(Date.now() - 1000), new Date(Date.now() + 60_000)];
    for (const [tenantId, userId, end] of [
      ["t1", "a", past],
      ["t2", "b", past],
      ["t2", "c", future],
      ["t2", "d", null],
    ] as const) {
      await database.transaction((tx) => tx.query(insert, [tenantId, userId, end]), { tenantId });
    }
    expect(await assignments.removeExpired(new Date())).toBe(2);
    expect(told).toEqual([
      "RoleRevoked a blog-author",
      "role.revoked success",
      "forget t1 a",
      "RoleRevoked b blog-author",
      "role.revoked success",
      "forget t2 b",
    ]);
    const left = async (userId: string) => (await reader.readAccess("t2", userId, false)).assignments.length;
    expect([await left("b"), await left("c"), await left("d")]).toEqual([0, 1, 1]);
    expect(await assignments.removeExpired(new Date())).toBe(0);
  });
});

describe("versions", () => {
  test("of writes at once have no gaps and no doubles", async () => {
    const { assignments } = stores();
    const versions = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        assignments.assign(`user_${index}`, "blog-author", "admin", () => {
          return { userId: `user_${index}`, role: "blog-author", assignedAt: new Date(), assignedBy: "admin", expiresAt: null };
        }),
      ),
    );
    expect(versions.map(({ version }) => version.tenant).sort((one, other) => one - other)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test("do not count what was refused", async () => {
    const { assignments, reader } = stores();
    const before = (await reader.readAccess("default", "u", false)).version;
    const refused = assignments.assign("u", "blog-author", "admin", () => {
      throw new Error("no");
    });
    await expect(refused).rejects.toThrow("no");
    expect((await reader.readAccess("default", "u", false)).version).toEqual(before);
    expect(told).toEqual([]);
  });
});
