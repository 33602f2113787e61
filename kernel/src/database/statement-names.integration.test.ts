import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Client } from "pg";
import { silentLogger } from "../logging/silent-logger.ts";
import { createTestDatabase, type TestDatabase } from "../testing/test-postgres.ts";
import type { Transaction } from "./database.ts";
import { sqlMigration } from "./migration.ts";
import { type OpenDatabase, openDatabase } from "./open-database.ts";
import type { ProvisionedModule } from "./provision-module.ts";
import { createStatementNames } from "./statement-names.ts";

const notes = { name: "notes", migrations: [sqlMigration("0001-notes", "create table notes (id int primary key, text text not null)")] };

let testDatabase: TestDatabase;
let provisioned: ProvisionedModule;
let database: OpenDatabase;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  provisioned = await testDatabase.provision("note-book", [notes]);
  const { url, schema } = provisioned;
  // One connection: what it keeps is seen by every transaction.
  database = await openDatabase({ url, schema, entities: [], logger: silentLogger, pool: { max: 1, min: 1 } });
});
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

const find = (tx: Transaction, id: number) => tx.query("select * from notes where id = $1", [id]);
const kept = () =>
  database.read(async (tx) =>
    (await tx.query<{ statement: string }>("select statement from pg_prepared_statements")).map((row) => row.statement),
  );

test("a connection keeps what it has parsed, once", async () => {
  for (const id of [1, 2, 3]) await database.read((tx) => find(tx, id));
  expect(await kept()).toEqual(["select * from notes where id = $1"]);
});

test("a statement whose table a migration has changed is parsed anew", async () => {
  await database.read((tx) => find(tx, 1));
  const owner = new Client({ connectionString: provisioned.ownerUrl });
  await owner.connect();
  await owner.query(`alter table ${provisioned.schema}.notes add column author text not null default 'somebody'`);
  await owner.query(`insert into ${provisioned.schema}.notes values (1, 'hello')`);
  await owner.end();
  expect(await database.read((tx) => find(tx, 1))).toEqual([{ id: 1, text: "hello", author: "somebody" }]);
});

test("texts without end do not fill the connections", () => {
  const names = createStatementNames();
  const given = Array.from({ length: 10_000 }, (_, index) => names.nameOf(`select ${index}`));
  const named = given.filter((name) => name !== undefined);
  expect(new Set(named).size).toBe(named.length);
  expect(named.length).toBeLessThan(1_000);
  expect(names.nameOf("select 0")).toBe(given[0]);
  names.renew();
  expect(given).not.toContain(names.nameOf("select 0"));
});
