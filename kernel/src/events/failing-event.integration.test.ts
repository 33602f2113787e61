import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { unavailable } from "../base/errors.ts";
import { eventually } from "../testing/eventually.ts";
import { createEventModules, type EventModules, recordEffect } from "../testing/test-event-modules.ts";
import type { Envelope } from "./bus.ts";
import { discardDeadLetter, listDeadLetters, replayDeadLetter } from "./dead-letters.ts";

// Setting up databases takes its time on a busy machine.
jest.setTimeout(30_000);

let modules: EventModules;
beforeEach(async () => {
  modules = await createEventModules();
});
afterEach(() => modules.close());

const PAGE = { size: 50, token: "" };

describe("an event that fails", () => {
  test("is tried again while later events of its key wait, and other keys go on", async () => {
    const release = { now: false };
    await modules.publish(
      { counterId: "stuck", step: 1 },
      ...Array.from({ length: 20 }, (_, index) => ({ counterId: `free-${index}`, step: 1 })),
      { counterId: "stuck", step: 2 },
    );
    await modules.startRelay();
    await modules.startConsumer(
      async (event, tx, envelope) => {
        if (event.counterId === "stuck" && event.step === 1 && !release.now) throw unavailable("Stock is away.");
        await recordEffect(event, tx, envelope);
      },
      { retry: { transientAttempts: 1_000_000 } },
    );
    await eventually(async () => (await modules.countEffects()) === 20);
    expect(await modules.steps("stuck")).toEqual([]);
    release.now = true;
    await eventually(async () => (await modules.countEffects()) === 22);
    expect(await modules.steps("stuck")).toEqual([1, 2]);
  });

  test("becomes a dead letter after its last try; then its key goes on, and it can be replayed once", async () => {
    let mended = false;
    let tries = 0;
    await modules.publish({ counterId: "key", step: 1 }, { counterId: "key", step: 2, note: "break" }, { counterId: "key", step: 3 });
    await modules.startRelay();
    await modules.startConsumer(async (event, tx, envelope) => {
      await recordEffect(event, tx, envelope);
      if (event.note === "break" && !mended) {
        tries++;
        throw new Error("no such shelf", { cause: new Error("shelf 7") });
      }
    });
    await eventually(async () => (await modules.countEffects()) === 2);
    expect(await modules.steps("key")).toEqual([1, 3]);
    // Once in the whole batch, then its three tries.
    expect(tries).toBe(4);
    const { items } = await listDeadLetters(modules.ledger.database, PAGE);
    expect(items).toHaveLength(1);
    const [letter] = items;
    expect(letter).toMatchObject({ attempts: 3, error: "no such shelf: shelf 7", reason: "INTERNAL_ERROR", replayRequested: false });
    const eventId = letter?.envelope.eventId ?? "";

    await replayDeadLetter(modules.ledger.database, eventId);
    await eventually(async () => (await listDeadLetters(modules.ledger.database, PAGE)).items[0]?.attempts === 4);
    expect(await modules.steps("key")).toEqual([1, 3]);
    mended = true;
    await replayDeadLetter(modules.ledger.database, eventId);
    await eventually(async () => (await listDeadLetters(modules.ledger.database, PAGE)).items.length === 0);
    expect(await modules.steps("key")).toEqual([1, 3, 2]);
    await expect(replayDeadLetter(modules.ledger.database, eventId)).rejects.toMatchObject({ reason: "DEAD_LETTER_NOT_FOUND" });
  });

  test("because its data breaks the proto is a dead letter at once, and can be discarded", async () => {
    const bus = await modules.openBus("ledger");
    await modules.startConsumer(recordEffect, { bus });
    const envelope = (eventId: string, data: unknown): Envelope => ({
      eventId,
      eventType: "CounterMoved",
      type: "testing.counter.moved",
      topic: "testing.counter",
      version: "1.1",
      timestamp: new Date().toISOString(),
      source: "counter-service",
      tenantId: "default",
      key: "c",
      traceparent: "",
      data,
    });
    await bus.send([
      envelope("evt_bad1", { counterId: "c", step: "many" }),
      envelope("evt_bad2", { step: 1 }),
      { ...envelope("evt_bad3", { counterId: "\0", step: 1 }), key: "\0" },
      envelope("evt_good", { counterId: "c", step: 1, colourOfANewerVersion: "red" }),
    ]);
    await eventually(async () => (await modules.countEffects()) === 1);
    await eventually(async () => (await listDeadLetters(modules.ledger.database, PAGE)).items.length === 3);
    const { items } = await listDeadLetters(modules.ledger.database, PAGE);
    // Partitions do not wait for each other.
    expect(items.map(({ envelope: { eventId }, reason }) => [eventId, reason]).sort()).toEqual([
      ["evt_bad1", "VALIDATION_ERROR"],
      ["evt_bad2", "VALIDATION_ERROR"],
      ["evt_bad3", "UNSTORABLE_TEXT"],
    ]);
    for (const { envelope: letter } of items) await discardDeadLetter(modules.ledger.database, letter.eventId);
    expect((await listDeadLetters(modules.ledger.database, PAGE)).items).toEqual([]);
  });
});
