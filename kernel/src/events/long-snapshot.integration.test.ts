import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Client } from "pg";
import { eventually } from "../testing/eventually.ts";
import { createEventModules, type EventModules } from "../testing/test-event-modules.ts";
import { outboxDepth } from "./outbox.ts";

let modules: EventModules;
beforeEach(async () => {
  modules = await createEventModules();
});
afterEach(() => modules.close());

const ROUNDS = 20;
const EVENTS = 5_000;

/*
 * A report or a backup keeps a snapshot open for long, and no dead row may be cleaned up before it ends. What counts is what the relay has to read to
 * find the next event: in pages, for time says little on a busy machine.
 */
test("a long snapshot elsewhere neither lets the outbox grow nor makes the relay search", async () => {
  const report = new Client({ connectionString: modules.testDatabase.adminUrl });
  await report.connect();
  await report.query(
    "begin isolation level repeatable read; create temporary table t (a int); insert into t values (1); select count(*) from pg_class",
  );

  await modules.startRelay();
  let pagesOfOneRound = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    await publishMany();
    await eventually(async () => (await modules.counter.database.read(outboxDepth)) === 0);
    if (round === 1) pagesOfOneRound = await outboxPages();
  }
  const pages = await outboxPages();
  const searched = await pagesToFindNext();
  await report.query("rollback");
  await report.end();

  const [log] = await asAdmin<{ count: number }>("select count(*)::int as count from plinth_bus.log");
  expect(log?.count).toBe(ROUNDS * EVENTS);
  // Two rounds fill a table; one table more is being left and one being filled. All in one table would be 20 rounds.
  expect(pages).toBeLessThan(pagesOfOneRound * 7);
  expect(searched).toBeLessThan(pagesOfOneRound * 7);
}, 60_000);

/** As `publish` writes them, but fast. */
async function publishMany(): Promise<void> {
  await modules.counter.database.transaction((tx) =>
    tx.query(
      `insert into outbox (slot, topic, key_hash, event_id, envelope)
       select (select slot from outbox_slot), 'testing.counter', n, 'evt_' || n,
         json_build_object('eventId', 'evt_' || n, 'topic', 'testing.counter', 'data', json_build_object('text', repeat('x', 250)))
       from generate_series(1, ${EVENTS}) n`,
    ),
  );
}

async function outboxPages(): Promise<number> {
  const [row] = await asAdmin<{ pages: number }>(
    "select (sum(pg_relation_size(c.oid)) / 8192)::int as pages from pg_class c where c.relname ~ '^outbox_[0-9]+$' and c.relkind = 'r'",
  );
  return row?.pages ?? Number.NaN;
}

/** Pages that the relay's search touches on an empty outbox, with its index. */
async function pagesToFindNext(): Promise<number> {
  const [row] = await asAdmin<{ "QUERY PLAN": [{ Plan: { "Shared Hit Blocks": number; "Shared Read Blocks": number } }] }>(
    "explain (analyze, buffers, format json) select id from counter.outbox order by id limit 500",
  );
  const plan = row?.["QUERY PLAN"][0].Plan;
  return plan === undefined ? Number.NaN : plan["Shared Hit Blocks"] + plan["Shared Read Blocks"];
}

async function asAdmin<Row extends object>(sql: string): Promise<Row[]> {
  const client = new Client({ connectionString: modules.testDatabase.adminUrl });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
