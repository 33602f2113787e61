import { afterAll, beforeAll, jest } from "@jest/globals";
import { createTestDatabase, type TestDatabase } from "../../testing/test-postgres.ts";
import { describeBusContract } from "../bus-contract.ts";
import { createPostgresBus } from "./postgres-bus.ts";
import { provisionBus } from "./provision-bus.ts";

// Setting up databases takes its time on a busy machine.
jest.setTimeout(30_000);

const logger = { error() {}, warn() {}, info() {}, debug() {}, child: () => logger };

let testDatabase: TestDatabase;
let url: string;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const { rolePrefix } = testDatabase;
  ({ url } = await testDatabase.provision("reader"));
  await provisionBus(testDatabase.adminUrl, { rolePrefix, members: [decodeURIComponent(new URL(url).username)], logger });
});
afterAll(() => testDatabase.drop());

// Every test has a topic and groups of its own.
describeBusContract("postgres", async () => ({
  open: () => createPostgresBus({ url, name: "reader", topics: [], sharesDatabase: false, logger }),
}));
