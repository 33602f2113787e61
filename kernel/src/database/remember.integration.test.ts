import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { Client } from "pg";
import { runInContext } from "../base/request-context.ts";
import { silentLogger } from "../logging/silent-logger.ts";
import { eventually } from "../testing/eventually.ts";
import { createTestDatabase, type TestDatabase } from "../testing/test-postgres.ts";
import type { RememberedReads } from "./database.ts";
import type { Listener } from "./listen.ts";
import { type OpenDatabase, openDatabase } from "./open-database.ts";
import { MAX_AGE_MS, rememberReads } from "./remember.ts";
import { tellChangesSql } from "./tell-changes.ts";

let testDatabase: TestDatabase;
let admin: Client;
let database: OpenDatabase;
let memory: RememberedReads;
let looks: { hit: number; miss: number };

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  admin = new Client({ connectionString: testDatabase.adminUrl });
  await admin.connect();
  await admin.query("create schema shop");
  await admin.query("set search_path = shop");
  await admin.query(
    "create table prices (tenant_id text not null, sku text not null, amount integer not null, primary key (tenant_id, sku))",
  );
  await admin.query(tellChangesSql("prices"));
});

afterAll(async () => {
  await admin.end();
  await testDatabase.drop();
});

beforeEach(async () => {
  await admin.query("truncate prices");
  await admin.query("insert into prices values ('one', 'tea', 5), ('one', 'pot', 20), ('two', 'tea', 7)");
  looks = { hit: 0, miss: 0 };
  const metrics = {
    query: () => {},
    transaction: () => {},
    remembered: (result: "hit" | "miss", times: number) => {
      looks[result] += times;
    },
  };
  database = await openDatabase({ url: testDatabase.adminUrl, schema: "shop", entities: [], logger: silentLogger, metrics });
  memory = database.remember();
});

afterEach(() => database.close());

const of = <T>(tenantId: string, work: () => T): T =>
  runInContext({ requestId: "", traceId: "", module: "shop", tenantId, signal: AbortSignal.timeout(30_000) }, work);

type Load = Parameters<typeof memory.read<number>>[1];

const load: Load = async (tx, skus) => {
  const rows = await tx.query<{ sku: string; amount: number }>("select sku, amount from prices where tenant_id = $1 and sku = any($2)", [
    tx.tenantId,
    skus,
  ]);
  return new Map(rows.map(({ sku, amount }) => [sku, amount]));
};

const ask = (tenantId: string, ...skus: string[]) => of(tenantId, () => memory.read(skus, load));
const priceOf = async (sku: string, tenantId = "one") => (await ask(tenantId, sku)).get(sku);

/** Asks until the answer came from memory. */
async function remembered(sku: string, tenantId = "one"): Promise<number | undefined> {
  const { price } = await eventually(async () => {
    const before = looks.hit;
    const price = await priceOf(sku, tenantId);
    return looks.hit > before && { price };
  });
  return price;
}

test("what was read is remembered, and only what is missing is read", async () => {
  expect(await remembered("tea")).toBe(5);
  const asked: (readonly string[])[] = [];
  const answer = await of("one", () =>
    memory.read(["pot", "tea", "none"], (tx, missing) => {
      asked.push(missing);
      return load(tx, missing);
    }),
  );
  expect(Object.fromEntries(answer)).toEqual({ tea: 5, pot: 20 });
  expect(asked).toEqual([["pot", "none"]]);
});

test("each tenant has a memory of its own", async () => {
  expect(await remembered("tea", "one")).toBe(5);
  expect(await priceOf("tea", "two")).toBe(7);
  expect(await remembered("tea", "two")).toBe(7);
});

test.each([
  ["an update", "update prices set amount = 6 where tenant_id = 'one' and sku = 'tea'", 6],
  ["a delete", "delete from prices where tenant_id = 'one'", undefined],
  ["a delete and an insert", "with gone as (delete from prices where sku = 'tea') select 1", undefined],
  ["a truncate", "truncate prices", undefined],
])("%s by whomever is seen", async (_what, sql, expected) => {
  expect(await remembered("tea")).toBe(5);
  await admin.query(sql);
  await eventually(async () => (await priceOf("tea")) === expected);
});

test("what was absent is seen as soon as it is there", async () => {
  await remembered("tea");
  expect(await priceOf("cup")).toBeUndefined();
  await database.transaction((tx) => tx.query("insert into prices values ('one', 'cup', 3)"));
  expect(await priceOf("cup")).toBe(3);
});

test("a change of another tenant ends nothing", async () => {
  await remembered("tea", "one");
  await remembered("tea", "two");
  await admin.query("update prices set amount = 8 where tenant_id = 'two'");
  await eventually(async () => (await priceOf("tea", "two")) === 8);
  // A proof of hearing may have to be renewed; an answer from memory needs one, and no reading.
  const { miss } = looks;
  await eventually(async () => (await remembered("tea", "one")) === 5 && looks.hit > 0);
  expect(looks.miss - miss).toBeLessThanOrEqual(1);
});

test("what was being read while it changed is not kept", async () => {
  await remembered("tea");
  const reading = Promise.withResolvers<void>();
  const changed = Promise.withResolvers<void>();
  const old = of("one", () =>
    memory.read(["pot"], async (tx, missing) => {
      const answer = await load(tx, missing);
      reading.resolve();
      await changed.promise;
      return answer;
    }),
  );
  await reading.promise;
  await admin.query("update prices set amount = 21 where sku = 'pot'");
  await eventually(async () => {
    const { miss } = looks;
    await priceOf("tea");
    return looks.miss > miss;
  });
  changed.resolve();
  expect((await old).get("pot")).toBe(20);
  expect(await priceOf("pot")).toBe(21);
});

test("who changes something and forgets sees it at once", async () => {
  await remembered("tea");
  await of("one", async () => {
    await database.transaction((tx) => tx.query("update prices set amount = 9 where tenant_id = 'one' and sku = 'tea'"));
    memory.forget();
  });
  expect(await priceOf("tea")).toBe(9);
});

test("a change that nobody was told of, since the connection was gone, is seen", async () => {
  await remembered("tea");
  const pids = "select pid from pg_stat_activity where application_name = 'plinth-listen' and datname = current_database()";
  await admin.query("begin");
  await admin.query(`select pg_terminate_backend(pid) from (${pids}) as listening`);
  await admin.query("update prices set amount = 11 where tenant_id = 'one' and sku = 'tea'");
  await admin.query("commit");
  await eventually(async () => (await priceOf("tea")) === 11);
  expect(await remembered("tea")).toBe(11);
});

test("of more entries than allowed the longest unused goes", async () => {
  memory = database.remember({ maxEntries: 2 });
  const all = () => ask("one", "tea", "pot");
  await eventually(async () => {
    const { hit } = looks;
    await all();
    return looks.hit === hit + 2;
  });
  await admin.query("insert into prices values ('one', 'cup', 3)");
  await remembered("cup");
  await remembered("pot");
  const { miss } = looks;
  await priceOf("tea");
  expect(looks.miss).toBeGreaterThan(miss);
});

test.each([
  ["nobody could listen", () => Promise.reject(new Error("no connection"))],
  ["nothing was heard for too long", async () => ({ heardUntil: () => performance.now() - MAX_AGE_MS - 1, prove() {}, async close() {} })],
  ["the connection is gone", async () => ({ heardUntil: () => undefined, prove() {}, async close() {} })],
])("where %s it is read each time", async (_why, listen: () => Promise<Listener>) => {
  let hits = 0;
  const count = (result: "hit" | "miss", times: number) => {
    if (result === "hit") hits += times;
  };
  memory = rememberReads({ read: database.read, listen, observe: count }, {});
  for (let time = 0; time < 3; time++) expect(await priceOf("tea")).toBe(5);
  expect(hits).toBe(0);
});
