import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { runInContext } from "../base/request-context.ts";
import { ALL_TENANTS } from "../database/database.ts";
import { type OpenDatabase, openDatabase } from "../database/open-database.ts";
import { silentLogger } from "../logging/silent-logger.ts";
import { createTestDatabase, type TestDatabase } from "../testing/test-postgres.ts";
import { postgresStateStore, stateMigrations } from "./postgres-state-store.ts";
import type { StateStore } from "./state-store.ts";

let testDatabase: TestDatabase;
let database: OpenDatabase;
let store: StateStore;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const { url, schema } = await testDatabase.provision("cart", [stateMigrations]);
  database = await openDatabase({ url, schema, entities: [], logger: silentLogger });
  store = postgresStateStore(database);
});

beforeEach(() => database.transaction((tx) => tx.query("delete from state"), { tenantId: ALL_TENANTS }));

afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

const changed = { code: "CONFLICT", reason: "STATE_CHANGED" };

/** Time does not pass for tests: the entry's end is moved instead. */
const expire = (key: string) =>
  database.transaction((tx) => tx.query("update state set expires_at = now() - interval '1 ms' where key = $1", [key]));

test("what is put can be got, with any JSON value", async () => {
  for (const value of [{ items: [1, "two", null] }, "text", 0, false, null, []]) {
    const etag = await store.put("cart", value);
    expect(await store.get("cart")).toEqual({ value, etag, expiresAt: undefined });
  }
  expect(await store.get("other")).toBeUndefined();
});

test("a write that names an old etag is refused, and the newer value stays", async () => {
  const first = await store.put("cart", 1);
  const second = await store.put("cart", 2, { ifMatch: first });
  await expect(store.put("cart", 3, { ifMatch: first })).rejects.toMatchObject(changed);
  await expect(store.delete("cart", { ifMatch: first })).rejects.toMatchObject(changed);
  expect(await store.get("cart")).toMatchObject({ value: 2, etag: second });
});

test("an etag of a deleted entry does not fit its successor, nor nothing", async () => {
  const first = await store.put("cart", 1);
  await store.delete("cart");
  await expect(store.put("cart", 2, { ifMatch: first })).rejects.toMatchObject(changed);
  expect(await store.get("cart")).toBeUndefined();
  expect(await store.put("cart", 3)).not.toBe(first);
});

test("of many that make the same entry at once one succeeds", async () => {
  const tries = await Promise.allSettled(Array.from({ length: 8 }, (_, n) => store.put("once", n, { ifMatch: null })));
  expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  const won = tries.findIndex(({ status }) => status === "fulfilled");
  expect(await store.get("once")).toMatchObject({ value: won });
});

test("counting with etags from many sides loses nothing", async () => {
  await store.put("count", 0);
  const increment = async (): Promise<void> => {
    for (;;) {
      const entry = await store.get<number>("count");
      if (entry === undefined) throw new Error("lost");
      const done = await store.put("count", entry.value + 1, { ifMatch: entry.etag }).then(
        () => true,
        () => false,
      );
      if (done) return;
    }
  };
  await Promise.all(Array.from({ length: 10 }, increment));
  expect(await store.get("count")).toMatchObject({ value: 10 });
});

test("an expired entry is gone for every operation before it is cleaned up", async () => {
  const etag = await store.put("token", "secret", { ttlSeconds: 60 });
  expect((await store.get("token"))?.expiresAt?.getTime()).toBeGreaterThan(Date.now());
  await expire("token");
  expect(await store.get("token")).toBeUndefined();
  expect(await store.delete("token")).toBe(false);
  await expect(store.put("token", "x", { ifMatch: etag })).rejects.toMatchObject(changed);
  await store.put("token", "fresh", { ifMatch: null });
  expect(await store.get("token")).toMatchObject({ value: "fresh", expiresAt: undefined });
  await expire("token");
  expect(await store.take("token")).toBeUndefined();
});

test("cleaning up removes what is expired, of every tenant, and nothing else", async () => {
  await store.put("stays", 1, { ttlSeconds: 60 });
  await store.put("goes", 1);
  await expire("goes");
  await inTenant("acme", () => store.put("goes", 1));
  await database.transaction((tx) => tx.query("update state set expires_at = now() where key = 'goes'"), { tenantId: ALL_TENANTS });
  expect(await store.deleteExpired()).toBe(2);
  expect(await store.get("stays")).toBeDefined();
});

test("of many takers one gets the value", async () => {
  await store.put("token", "secret");
  const taken = await Promise.all(Array.from({ length: 8 }, () => store.take<string>("token")));
  expect(taken.filter((value) => value === "secret")).toHaveLength(1);
});

test("tenants do not see each other's entries", async () => {
  await store.put("cart", "default's");
  await inTenant("acme", async () => {
    expect(await store.get("cart")).toBeUndefined();
    await store.put("cart", "acme's", { ifMatch: null });
  });
  expect(await store.get("cart")).toMatchObject({ value: "default's" });
});

function inTenant<T>(tenantId: string, work: () => T): T {
  return runInContext({ requestId: "r", traceId: "", module: "cart", tenantId, signal: new AbortController().signal }, work);
}
