import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { CounterMovedSchema, CounterRemovedSchema } from "@plinth/proto/testing/v1/events_pb";
import { eventually } from "../testing/eventually.ts";
import { createEventModules, type EventModules, recordEffect } from "../testing/test-event-modules.ts";
import type { Envelope } from "./bus.ts";
import { createPublisher } from "./outbox.ts";

// Setting up databases takes its time on a busy machine.
jest.setTimeout(30_000);

let modules: EventModules;
beforeEach(async () => {
  modules = await createEventModules();
});
afterEach(() => modules.close());

type Counter = { readonly counterId: string; readonly step: number };

/** Publishes by one statement those of the events that `named` says, with what it adds. */
function publishBy(named: object, events: readonly (readonly [name: string, event: Counter])[]): Promise<string[]> {
  return modules.counter.database.statement(async (tx) => {
    const prepared = modules.publisher.prepare(tx);
    for (const [name, event] of events) prepared.add(name, CounterMovedSchema, event);
    const sql = "select publish_prepared($1::jsonb, $2::jsonb) as published";
    const [row] = await tx.query<{ published: string[] }>(sql, [prepared.toParameter(), JSON.stringify(named)]);
    prepared.published(row?.published ?? []);
    return row?.published ?? [];
  });
}

test("a statement publishes the events that it names, in the order in which they were prepared, with what it adds to them", async () => {
  const events = [
    ["first", { counterId: "a", step: 1 }],
    ["never", { counterId: "a", step: 2 }],
    ["second", { counterId: "a", step: 3 }],
    ["other", { counterId: "b", step: 4 }],
  ] as const;
  expect(await publishBy({ second: { step: 30 }, other: {}, first: {} }, events)).toEqual(["first", "second", "other"]);
  expect(await publishBy({}, events)).toEqual([]);
  const rows = await modules.counter.database.read((tx) =>
    tx.query<{ event_id: string; key_hash: number; envelope: Envelope }>("select event_id, key_hash, envelope from outbox order by id"),
  );
  expect(rows.map(({ envelope: { type, key, data } }) => ({ type, key, data }))).toEqual([
    { type: "testing.counter.moved", key: "a", data: { counterId: "a", step: 1 } },
    { type: "testing.counter.moved", key: "a", data: { counterId: "a", step: 30 } },
    { type: "testing.counter.moved", key: "b", data: { counterId: "b", step: 4 } },
  ]);
  expect(rows.map(({ event_id }) => event_id)).toEqual(rows.map(({ envelope }) => envelope.eventId));
  expect(rows[0]?.key_hash).toBe(rows[1]?.key_hash);
});

test("all of them come true at once, entries of the audit trail as well", async () => {
  const publisher = createPublisher({ module: "counter", types: new Set(["testing.counter.moved", "platform.audit.recorded"]) });
  await modules.counter.database.statement(async (tx) => {
    const prepared = publisher.prepare(tx);
    prepared.add("1", CounterMovedSchema, { counterId: "a", step: 1 });
    prepared.audit("2", { action: "counter.moved", resource: "counter", resourceId: "a", outcome: "success" });
    return tx.query("select publish_prepared($1::jsonb, $2::jsonb)", [prepared.toParameter(), prepared.toAll()]);
  });
  const rows = await modules.counter.database.read((tx) => tx.query<{ envelope: Envelope }>("select envelope from outbox order by id"));
  expect(rows.map(({ envelope: { type, data } }) => ({ type, data }))).toMatchObject([
    { type: "testing.counter.moved", data: { counterId: "a", step: 1 } },
    {
      type: "platform.audit.recorded",
      data: { entry: { action: "counter.moved", resourceId: "a", module: "counter", tenantId: "default" } },
    },
  ]);
});

test("what breaks its proto or the declaration, and a name that is given twice, are refused", async () => {
  await expect(publishBy({}, [["x", { counterId: "a", step: 0 }]])).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
  const event = { counterId: "a", step: 1 };
  const twice = [
    ["x", event],
    ["x", event],
  ] as const;
  await expect(publishBy({}, twice)).rejects.toThrow("named x");
  const prepared = modules.counter.database.statement(async (tx) => modules.publisher.prepare(tx).add("r", CounterRemovedSchema, {}));
  await expect(prepared).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
});

test("the relay hears of them, however soon it was told of others that were not published", async () => {
  await modules.startRelay();
  await modules.startConsumer(recordEffect);
  await modules.publish({ counterId: "c", step: 1 });
  await eventually(async () => (await modules.countEffects()) === 1);
  for (let step = 2; step <= 20; step++) {
    await publishBy({}, [["no", { counterId: "c", step: 99 }]]);
    await publishBy({ yes: {} }, [["yes", { counterId: "c", step }]]);
  }
  await eventually(async () => (await modules.countEffects()) === 20);
  expect(await modules.steps("c")).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
});

test("statements and transactions that publish for the same keys crosswise all go through at once, each key in order of the outbox", async () => {
  await modules.startRelay();
  await modules.startConsumer(recordEffect);
  const keys = ["a", "b", "c"];
  await Promise.all(
    Array.from({ length: 40 }, (_, index) => {
      const counters = index % 2 === 0 ? keys : keys.toReversed();
      const events = counters.map((counterId) => ({ counterId, step: index + 1 }));
      if (index % 3 === 0) return modules.publish(...events);
      return publishBy(
        Object.fromEntries(counters.map((key) => [key, {}])),
        events.map((event) => [event.counterId, event] as const),
      );
    }),
  );
  await eventually(async () => (await modules.countEffects()) === 120);
  const [first, ...others] = await Promise.all(keys.map((key) => modules.steps(key)));
  // All keys were locked together, so the transactions stand in one order for each of them.
  for (const other of others) expect(other).toEqual(first);
});
