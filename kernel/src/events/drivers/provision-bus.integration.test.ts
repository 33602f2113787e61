import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Client } from "pg";
import { silentLogger } from "../../logging/silent-logger.ts";
import { createTestDatabase, type TestDatabase } from "../../testing/test-postgres.ts";
import { provisionBus } from "./provision-bus.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test("many may make the bus at once, each for a member of its own", async () => {
  const urls = await Promise.all(["blog", "audit", "auth", "authz", "identity"].map(async (name) => (await database.provision(name)).url));
  const { rolePrefix } = database;
  const members = urls.map((url) => decodeURIComponent(new URL(url).username));
  await Promise.all(members.map((member) => provisionBus(database.adminUrl, { members: [member], rolePrefix, logger: silentLogger })));
  for (const url of urls) {
    const client = new Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query("select count(*)::int as topics from plinth_bus.topics");
    expect(rows).toEqual([{ topics: 0 }]);
    await client.end();
  }
});
