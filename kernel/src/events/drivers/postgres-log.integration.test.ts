import { afterAll, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import { Client } from "pg";
import { newId } from "../../base/ids.ts";
import { createTestDatabase, type TestDatabase } from "../../testing/test-postgres.ts";
import type { Bus } from "../bus.ts";
import { anEnvelope } from "../bus-contract.ts";
import { createPostgresBus } from "./postgres-bus.ts";
import { provisionBus } from "./provision-bus.ts";

// Setting up databases takes its time on a busy machine.
jest.setTimeout(30_000);

const logger = { error() {}, warn() {}, info() {}, debug() {}, child: () => logger };

let testDatabase: TestDatabase;
let url: string;
let admin: Client;
let member: Client;
let topic: string;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const { rolePrefix, adminUrl } = testDatabase;
  ({ url } = await testDatabase.provision("writer"));
  const bus = { rolePrefix, members: [decodeURIComponent(new URL(url).username)], logger };
  await provisionBus(adminUrl, bus);
  await provisionBus(adminUrl, bus); // Safe to repeat.
  admin = new Client({ connectionString: adminUrl });
  member = new Client({ connectionString: url });
  await Promise.all([admin.connect(), member.connect()]);
});
afterAll(async () => {
  await Promise.all([admin.end(), member.end()]);
  await testDatabase.drop();
});
beforeEach(() => {
  topic = `testing.${newId("t").slice(-10)}`;
});

const openBus = (partitions = 2, retentionMs = 3_600_000): Promise<Bus> =>
  createPostgresBus({ url, name: "writer", topics: [{ topic, partitions, retentionMs }], sharesDatabase: true, logger });

const rowsOf = async (): Promise<{ partition: number; offset: string; key: string; segment: number }[]> =>
  (
    await admin.query(
      `select p.partition, l."offset", l.envelope ->> 'key' as key, l.segment from plinth_bus.log l join plinth_bus.partitions p on p.id = l.partition_id
       join plinth_bus.topics t on t.id = p.topic_id where t.topic = $1 order by l.partition_id, l."offset"`,
      [topic],
    )
  ).rows;

test("offsets of a partition are dense and in the order of commits, however many send at once", async () => {
  const bus = await openBus(2);
  await Promise.all(
    Array.from({ length: 30 }, (_, sender) =>
      bus.send(Array.from({ length: 10 }, (_, step) => anEnvelope(topic, `key-${sender % 5}`, step))),
    ),
  );
  await bus.close();
  const rows = await rowsOf();
  expect(rows).toHaveLength(300);
  for (const partition of [0, 1]) {
    const offsets = rows.filter((row) => row.partition === partition).map(({ offset }) => Number(offset));
    expect(offsets).toEqual(Array.from({ length: offsets.length }, (_, index) => index + 1));
  }
  // All events of a key are in one partition.
  expect(new Set(rows.map(({ key, partition }) => `${key} ${partition}`)).size).toBe(5);
});

test("a sender that has not committed holds up the others of its partition, so that no offset appears below one that was read", async () => {
  const bus = await openBus(1);
  await bus.send([anEnvelope(topic, "first", 1)]);
  await admin.query("begin");
  const { rows } = await admin.query<{ id: number }>(
    "select p.id from plinth_bus.partitions p join plinth_bus.topics t on t.id = p.topic_id where t.topic = $1",
    [topic],
  );
  // As a send does it, left open.
  await admin.query("select pg_advisory_xact_lock(7310010, $1)", [rows[0]?.id]);
  await admin.query(
    `insert into plinth_bus.log (segment, partition_id, "offset", event_id, envelope)
     select t.segment, p.id, nextval(p.sequence), 'slow', '{"key":"slow"}' from plinth_bus.partitions p join plinth_bus.topics t on t.id = p.topic_id where t.topic = $1`,
    [topic],
  );
  const late = bus.send([anEnvelope(topic, "late", 1)]);
  // The late one waits for the lock.
  for (let waiting = 0; waiting === 0; ) {
    waiting = (await member.query("select count(*)::int as n from pg_locks where locktype = 'advisory' and not granted")).rows[0].n;
  }
  await admin.query("commit");
  await late;
  await bus.close();
  expect((await rowsOf()).map(({ key }) => key)).toEqual(["first", "slow", "late"]);
});

test("a topic grows to more partitions, and is never made smaller", async () => {
  const count = async (): Promise<number> =>
    (
      await admin.query(
        "select t.partitions, count(*)::int as n from plinth_bus.topics t join plinth_bus.partitions p on p.topic_id = t.id where t.topic = $1 group by 1",
        [topic],
      )
    ).rows[0].n;
  await (await openBus(2)).close();
  expect(await count()).toBe(2);
  await (await openBus(5)).close();
  expect(await count()).toBe(5);
  await (await openBus(3)).close();
  expect(await count()).toBe(5);
});

test("what is older than the topic's retention goes with its whole table; what is younger stays readable", async () => {
  const retentionMs = 7_200_000;
  const bus = await openBus(1, retentionMs);
  await bus.send([anEnvelope(topic, "old", 1)]);
  const age = (interval: string): Promise<unknown> =>
    admin.query(
      `update plinth_bus.segments set opened_at = opened_at - $1::interval, closed_at = closed_at - $1::interval where retention_ms = ${retentionMs}`,
      [interval],
    );
  const maintain = (): Promise<unknown> => member.query("select plinth_bus.maintain()");
  await maintain();
  await bus.send([anEnvelope(topic, "same segment", 1)]);
  await age("20 minutes");
  await maintain();
  await bus.send([anEnvelope(topic, "next segment", 1)]);
  const rows = await rowsOf();
  expect(rows.map(({ key }) => key)).toEqual(["old", "same segment", "next segment"]);
  expect(rows[0]?.segment).toBe(rows[1]?.segment);
  expect(rows[1]?.segment).not.toBe(rows[2]?.segment);
  expect(rows.map(({ offset }) => offset)).toEqual(["1", "2", "3"]);

  await age("110 minutes");
  await maintain();
  expect((await rowsOf()).map(({ key }) => key)).toEqual(["old", "same segment", "next segment"]);
  await age("20 minutes");
  await maintain();
  expect((await rowsOf()).map(({ key }) => key)).toEqual(["next segment"]);
  expect((await admin.query("select to_regclass($1) as gone", [`plinth_bus.log_${rows[0]?.segment}`])).rows).toEqual([{ gone: null }]);
  await bus.close();
});

test("a member appends and reads; it cannot change or remove what was sent, nor define anything", async () => {
  const bus = await openBus();
  await bus.send([anEnvelope(topic, "key", 1)]);
  await bus.close();
  const [row] = await rowsOf();
  for (const sql of [
    "delete from plinth_bus.log",
    "update plinth_bus.log set envelope = '{}'",
    `delete from plinth_bus.log_${row?.segment}`,
    `insert into plinth_bus.log_${row?.segment} default values`,
    "truncate plinth_bus.log",
    "update plinth_bus.topics set retention_ms = 1",
    "delete from plinth_bus.positions",
    "insert into plinth_bus.segments (retention_ms) values (1)",
    "select plinth_bus.open_segment(1)",
    "create table plinth_bus.mine (a int)",
    "drop table plinth_bus.log",
  ]) {
    await expect(member.query(sql).then(() => `${sql} passed`)).rejects.toMatchObject({ code: "42501" });
  }
});
