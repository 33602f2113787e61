import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { newId } from "../base/ids.ts";
import type { Bus, Delivery, Envelope, SubscribeOptions, Subscription } from "./bus.ts";

/** A place with a bus: several instances may be opened on it, as several processes would. */
export interface BusPlace {
  open(): Promise<Bus>;
}

/** What every driver must do, run on the real component. `place` makes an empty bus for each test. */
export function describeBusContract(driver: string, place: () => Promise<BusPlace>): void {
  describe(`${driver} keeps the contract of a bus`, () => {
    let here: BusPlace;
    let topic: string;
    let group: string;
    const buses: Bus[] = [];
    const open = async (): Promise<Bus> => {
      const bus = await here.open();
      buses.push(bus);
      return bus;
    };

    beforeEach(async () => {
      here = await place();
      const test = newId("t").slice(-10);
      topic = `testing.${test}`;
      group = `readers-${test}`;
    });
    afterEach(async () => {
      await Promise.all(buses.splice(0).map((bus) => bus.close()));
    });

    const events = (keys: readonly string[], each: number): Envelope[] =>
      Array.from({ length: each }, (_, step) => keys.map((key) => anEnvelope(topic, key, step + 1))).flat();
    const options = (changes: Partial<SubscribeOptions> = {}): SubscribeOptions => ({
      group,
      topics: [topic],
      from: "earliest",
      batchSize: 10,
      ...changes,
    });

    test("each event reaches the group, in the order of its key, in batches of one partition", async () => {
      const bus = await open();
      const heard = recorder();
      await bus.subscribe(options(), heard.handle);
      await bus.send(events(KEYS, 25));
      await heard.until(() => heard.count() === KEYS.length * 25);
      heard.expectOrder(KEYS, 25);
      for (const batch of heard.batches) {
        expect(batch.length).toBeLessThanOrEqual(10);
        expect(new Set(batch.map(({ partition }) => partition)).size).toBe(1);
        const offsets = batch.map(({ offset }) => offset);
        expect([...offsets].sort((a, b) => (a < b ? -1 : 1))).toEqual(offsets);
      }
    });

    test("what is gathered comes together from all partitions, each in its order, and all of it again where it was refused", async () => {
      const bus = await open();
      const heard = recorder();
      let refused = 0;
      await bus.subscribe(options({ gatherMs: 50 }), async (batch) => {
        if (refused++ === 0) throw new Error("not yet");
        await heard.handle(batch);
      });
      await bus.send(events(KEYS, 25));
      await heard.until(() => heard.count() === KEYS.length * 25);
      heard.expectOrder(KEYS, 25);
      const partitionsOf = (batch: readonly Delivery[]) => new Set(batch.map(({ partition }) => partition)).size;
      expect(Math.max(...heard.batches.map(partitionsOf))).toBeGreaterThan(1);
      for (const batch of heard.batches) expect(batch.length).toBeLessThanOrEqual(10 * partitionsOf(batch));
    });

    test("an envelope arrives as it was sent", async () => {
      const bus = await open();
      const heard = recorder();
      await bus.subscribe(options(), heard.handle);
      const sent = { ...anEnvelope(topic, "ключ \"'\\ 🗝", 1), tenantId: "acme", traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` };
      await bus.send([sent]);
      await heard.until(() => heard.count() === 1);
      expect(heard.batches[0]?.[0]?.envelope).toEqual(sent);
      expect(heard.batches[0]?.[0]?.attempt).toBe(1);
    });

    test("groups read apart from each other, and a broadcast reaches every subscriber", async () => {
      const bus = await open();
      const heard = [recorder(), recorder(), recorder(), recorder()] as const;
      await bus.subscribe(options({ group: `${group}-one` }), heard[0].handle);
      await bus.subscribe(options({ group: `${group}-two` }), heard[1].handle);
      const { group: _, ...all } = options({ from: "latest" });
      await bus.subscribe(all, heard[2].handle);
      await (await open()).subscribe(all, heard[3].handle);
      await bus.send(events(KEYS, 3));
      for (const one of heard) {
        await one.until(() => one.count() === KEYS.length * 3);
        one.expectOrder(KEYS, 3);
      }
    });

    test("a subscriber begins where it wants: at the start, at the end, at an age", async () => {
      const bus = await open();
      await bus.send(events(["before"], 5));
      const { group: _, ...all } = options();
      const heard = [recorder(), recorder(), recorder(), recorder()] as const;
      await bus.subscribe({ ...all, from: "earliest" }, heard[0].handle);
      await bus.subscribe({ ...all, from: "latest" }, heard[1].handle);
      await bus.subscribe({ ...all, from: { ageMs: 3_600_000 } }, heard[2].handle);
      await bus.subscribe(options({ group: `${group}-late`, from: "latest" }), heard[3].handle);
      await bus.send(events(["after"], 5));
      await Promise.all(heard.map((one, index) => one.until(() => one.count() === (index % 2 === 0 ? 10 : 5))));
      heard[1].expectOrder(["after"], 5);
      heard[2].expectOrder(["before", "after"], 5);
      heard[3].expectOrder(["after"], 5);
    });

    test("a refused batch comes again, and what is behind it in its partition waits", async () => {
      const bus = await open();
      const heard = recorder();
      let refusals = 0;
      await bus.subscribe(options({ batchSize: 1 }), async (batch) => {
        if (batch[0]?.envelope.data === 2 && refusals++ < 2) throw new Error("not now");
        await heard.handle(batch);
      });
      await bus.send(events(["key"], 4));
      await heard.until(() => heard.count() === 4);
      heard.expectOrder(["key"], 4);
      expect(heard.batches.map(([delivery]) => delivery?.attempt)).toEqual([1, 3, 1, 1]);
    });

    test("a group goes on where it stopped", async () => {
      const bus = await open();
      const first = recorder();
      const subscription = await bus.subscribe(options(), first.handle);
      await bus.send(events(KEYS, 4));
      await first.until(() => first.count() === KEYS.length * 4);
      await subscription.close();
      await bus.send(events(["later"], 4));
      const second = recorder();
      await bus.subscribe(options(), second.handle);
      await second.until(() => second.count() >= 4);
      second.expectOrder(["later"], 4);
      expect(second.count()).toBe(4);
    });

    test("members share the partitions; when one leaves, the others take over, in order and without a gap", async () => {
      const bus = await open();
      const heard = recorder();
      const members: { subscription: Subscription; handled: () => number }[] = [];
      for (let index = 0; index < 3; index++) {
        let handled = 0;
        const member = index === 0 ? bus : await open();
        const subscription = await member.subscribe(options({ batchSize: 2 }), async (batch) => {
          handled += batch.length;
          await heard.handle(batch);
        });
        members.push({ subscription, handled: () => handled });
      }
      const keys = Array.from({ length: 40 }, (_, index) => `key-${index}`);
      // The share of a member that came later reaches it some time after.
      for (let step = 1; members.some(({ handled }) => handled() === 0); step++) {
        const before = heard.count();
        await bus.send(keys.map((key) => anEnvelope(topic, `warm-${key}`, step)));
        await heard.until(() => heard.count() >= before + keys.length);
      }
      heard.batches.length = 0;
      const sending = bus.send(events(keys, 10));
      await members[2]?.subscription.close();
      await sending;
      await bus.send(events(["last"], 1));
      await heard.until(() => heard.seen(keys) >= 400 && heard.seen(["last"]) === 1);
      heard.expectOrder(keys, 10);
    });

    test("nothing is handed over while paused, and everything afterwards", async () => {
      const bus = await open();
      const heard = recorder();
      const other = recorder();
      const subscription = await bus.subscribe(options(), heard.handle);
      await bus.subscribe(options({ group: `${group}-other` }), other.handle);
      subscription.pause();
      await bus.send(events(KEYS, 5));
      await other.until(() => other.count() === KEYS.length * 5);
      expect(heard.count()).toBe(0);
      expect(await bus.lag(group)).toEqual({ [topic]: KEYS.length * 5 });
      subscription.resume();
      await heard.until(() => heard.count() === KEYS.length * 5);
      heard.expectOrder(KEYS, 5);
    });

    test("close waits for the batch in hand and keeps its position", async () => {
      const bus = await open();
      const entered = Promise.withResolvers<void>();
      const leave = Promise.withResolvers<void>();
      let left = false;
      const subscription = await bus.subscribe(options(), async () => {
        entered.resolve();
        await leave.promise;
        left = true;
      });
      await bus.send(events(["key"], 3));
      await entered.promise;
      const closing = subscription.close();
      leave.resolve();
      await closing;
      expect(left).toBe(true);
      expect(await bus.lag(group)).toEqual({ [topic]: 0 });
    });

    test("the same event may be sent twice", async () => {
      const bus = await open();
      const heard = recorder();
      await bus.subscribe(options(), heard.handle);
      const [event] = events(["key"], 1);
      if (event === undefined) throw new Error("unreachable");
      await bus.send([event]);
      await bus.send([event]);
      await bus.send([anEnvelope(topic, "key", 2)]);
      await heard.until(() => heard.seen(["key"]) >= 2 && heard.steps("key").includes(2));
      expect(heard.steps("key").at(-1)).toBe(2);
    });
  });
}

const KEYS = ["a", "b", "c", "d", "e", "f", "g"];

export function anEnvelope(topic: string, key: string, step: number): Envelope {
  return {
    eventId: newId("evt"),
    eventType: "CounterMoved",
    type: `${topic}.moved`,
    topic,
    version: "1.0",
    timestamp: new Date().toISOString(),
    source: "testing-service",
    tenantId: "default",
    key,
    traceparent: "",
    data: step,
  };
}

/** Keeps what it is handed, and wakes who waits for a condition on it. */
function recorder() {
  const batches: Delivery[][] = [];
  const waiting = new Set<() => void>();
  const all = (): Delivery[] => batches.flat();
  const steps = (key: string): unknown[] =>
    all()
      .filter(({ envelope }) => envelope.key === key)
      .map(({ envelope }) => envelope.data);
  return {
    batches,
    handle: async (batch: readonly Delivery[]): Promise<void> => {
      batches.push([...batch]);
      for (const check of waiting) check();
    },
    count: () => all().length,
    seen: (keys: readonly string[]) =>
      new Set(all().flatMap(({ envelope }) => (keys.includes(envelope.key) ? [envelope.eventId] : []))).size,
    steps,
    until: (condition: () => boolean): Promise<void> =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!condition()) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
    /** Every key has its steps 1 to `each`. A repeated batch may repeat steps, but the first sights are in order. */
    expectOrder(keys: readonly string[], each: number) {
      for (const key of keys) expect([key, [...new Set(steps(key))]]).toEqual([key, Array.from({ length: each }, (_, index) => index + 1)]);
    },
  };
}
