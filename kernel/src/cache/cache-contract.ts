import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Cache } from "./cache.ts";

export interface CacheUnderTest {
  readonly cache: Cache;
  /** Lets this much time pass for the cache: a clock moved by hand, or real time. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

const LONG = { ttlMs: 60_000 };

/** Lets what was begun in the background finish. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
}

/** What every driver of `Cache` must do. */
export function describeCache(name: string, start: () => Promise<CacheUnderTest>): void {
  describe(`cache in ${name}`, () => {
    let driver: CacheUnderTest;
    let cache: Cache;
    beforeEach(async () => {
      driver = await start();
      cache = driver.cache;
    });
    afterEach(() => driver.close());

    test.each([["text"], [0], [false], [""], [{ list: [1, { deep: true }] }], [null]])("keeps %p", async (value) => {
      expect(await cache.get("key")).toBeUndefined();
      await cache.set("key", value, LONG);
      expect(await cache.get("key")).toEqual(value);
    });

    test("forgets after the time to live, and when told", async () => {
      await cache.set("short", "a", { ttlMs: 40 });
      await cache.set("long", "b", LONG);
      await driver.pass(50);
      expect(await cache.get("short")).toBeUndefined();
      expect(await cache.get("long")).toBe("b");
      await cache.delete("long");
      expect(await cache.get("long")).toBeUndefined();
      await cache.delete("never there");
    });

    test("a known absence exists not, but is known", async () => {
      await cache.set("absent", null, LONG);
      await cache.set("there", 0, LONG);
      expect([await cache.exists("absent"), await cache.exists("there"), await cache.exists("unknown")]).toEqual([false, true, false]);
      expect(await cache.get("absent")).toBeNull();
    });

    test("counts, and the count ends with the time of its first increment", async () => {
      const counts = await Promise.all([1, 1, 5].map((by) => cache.increment("count", by, { ttlMs: 60 })));
      expect(counts.sort((one, other) => one - other).at(-1)).toBe(7);
      await driver.pass(40);
      await cache.increment("count", 1, { ttlMs: 60 });
      await driver.pass(40);
      expect(await cache.increment("count", 1, { ttlMs: 60 })).toBe(1);
    });

    test("wrap loads once for all who ask meanwhile, and then not at all", async () => {
      let loads = 0;
      const { promise, resolve } = Promise.withResolvers<string>();
      const load = () => {
        loads++;
        return promise;
      };
      const asked = Promise.all(Array.from({ length: 10 }, () => cache.wrap("key", LONG, load)));
      resolve("value");
      expect(new Set(await asked)).toEqual(new Set(["value"]));
      expect(await cache.wrap("key", LONG, load)).toBe("value");
      expect(loads).toBe(1);
      expect(await cache.get("key")).toBe("value");
    });

    test("wrap keeps a known absence too", async () => {
      let loads = 0;
      const load = async () => {
        loads++;
        return null;
      };
      expect(await cache.wrap("key", LONG, load)).toBeNull();
      expect(await cache.wrap("key", LONG, load)).toBeNull();
      expect(loads).toBe(1);
    });

    test("a failed load reaches all who wait and is not kept", async () => {
      const failing = () => Promise.reject(new Error("broken"));
      const asked = await Promise.allSettled([cache.wrap("key", LONG, failing), cache.wrap("key", LONG, failing)]);
      expect(asked.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
      expect(await cache.wrap("key", LONG, async () => "mended")).toBe("mended");
    });

    test("a stale value is answered while one load brings a new one", async () => {
      const times = { ttlMs: 40, staleMs: 60_000 };
      await cache.wrap("key", times, async () => "old");
      await driver.pass(50);
      expect(await cache.get("key")).toBeUndefined();
      const { promise, resolve } = Promise.withResolvers<string>();
      expect(await cache.wrap("key", { ...LONG, staleMs: 0 }, () => promise)).toBe("old");
      expect(await cache.wrap("key", { ...LONG, staleMs: 0 }, async () => "not asked")).toBe("old");
      resolve("new");
      await settle();
      expect(await cache.wrap("key", times, async () => "not asked")).toBe("new");
    });

    test("when the new load fails the stale value serves on", async () => {
      const times = { ttlMs: 40, staleMs: 60_000 };
      await cache.wrap("key", times, async () => "old");
      await driver.pass(50);
      expect(await cache.wrap("key", times, () => Promise.reject(new Error("broken")))).toBe("old");
      await settle();
      expect(await cache.wrap("key", times, () => Promise.reject(new Error("broken")))).toBe("old");
    });

    test("after the stale time too the value is gone", async () => {
      await cache.wrap("key", { ttlMs: 30, staleMs: 30 }, async () => "old");
      await driver.pass(70);
      expect(await cache.wrap("key", LONG, async () => "new")).toBe("new");
    });

    test.each(["delete", "set"])("what was loading before a %s is not kept", async (change) => {
      const { promise, resolve } = Promise.withResolvers<string>();
      const before = cache.wrap("key", LONG, () => promise);
      await settle();
      if (change === "delete") await cache.delete("key");
      else await cache.set("key", "newer", LONG);
      resolve("older");
      expect(await before).toBe("older");
      expect(await cache.get("key")).toBe(change === "delete" ? undefined : "newer");
    });
  });
}
