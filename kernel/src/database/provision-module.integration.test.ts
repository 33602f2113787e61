import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Client } from "pg";
import { createTestDatabase, type TestDatabase } from "../testing/test-postgres.ts";
import { provisionModules } from "./provision-module.ts";

let database: TestDatabase;
let admin: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  admin = new Client({ connectionString: database.adminUrl });
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await database.drop();
});

async function passwordOf(role: string): Promise<string | undefined> {
  const { rows } = await admin.query<{ rolpassword: string }>("select rolpassword from pg_authid where rolname = $1", [role]);
  return rows[0]?.rolpassword;
}

test.each(["createrole", "bypassrls", "superuser"])(
  "a module that is named as a role with %s gets nothing of it, and no other module anything",
  async (power) => {
    const chief = `${database.rolePrefix}chief`;
    await admin.query(`create role ${chief} login ${power} password 'kept'`);
    try {
      const before = await passwordOf(chief);
      const { rolePrefix } = database;
      await expect(provisionModules(database.adminUrl, [{ module: "blog" }, { module: "chief" }], { rolePrefix })).rejects.toThrow(
        `The role ${chief} of this Postgres is an administrator's: module chief cannot have it.`,
      );
      expect(await passwordOf(chief)).toBe(before);
      expect(await passwordOf(`${rolePrefix}blog`)).toBeUndefined();
    } finally {
      await admin.query(`drop role ${chief}`);
    }
  },
);
