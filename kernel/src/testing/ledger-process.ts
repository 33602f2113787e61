import { CounterMovedSchema } from "@plinth/proto/testing/v1/events_pb";
import { openDatabase } from "../database/open-database.ts";
import { createConsumer } from "../events/consumer.ts";
import { createPostgresBus } from "../events/drivers/postgres-bus.ts";
import { COUNTER_TYPES, recordEffect, silentLogger } from "./test-event-modules.ts";

/** One instance of the module `ledger` as a process of its own, for tests that kill it. Argument: the URL of its service role. */
const [url = ""] = process.argv.slice(2);
const consumer = createConsumer({
  module: "ledger",
  types: COUNTER_TYPES,
  bus: await createPostgresBus({ url, name: "ledger", topics: [], sharesDatabase: true, logger: silentLogger }),
  database: await openDatabase({ url, schema: "ledger", entities: [], logger: silentLogger }),
  logger: silentLogger,
  retentionMs: 604_800_000,
});
consumer.subscribe(CounterMovedSchema, recordEffect);
await consumer.start();
