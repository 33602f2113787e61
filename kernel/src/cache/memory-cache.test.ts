import { describe, expect, test } from "@jest/globals";
import { createManualClock } from "../base/clock.ts";
import { describeCache } from "./cache-contract.ts";
import { createMemoryCache } from "./memory-cache.ts";

describeCache("memory", async () => {
  const clock = createManualClock();
  return { cache: createMemoryCache({ clock }), pass: async (ms) => clock.advance(ms), close: async () => undefined };
});

describe("memory cache", () => {
  test("of more entries than allowed the longest unused goes", async () => {
    const cache = createMemoryCache({ maxEntries: 2 });
    await cache.set("one", 1, { ttlMs: 60_000 });
    await cache.set("two", 2, { ttlMs: 60_000 });
    await cache.get("one");
    await cache.set("three", 3, { ttlMs: 60_000 });
    expect([await cache.get("one"), await cache.get("two"), await cache.get("three")]).toEqual([1, undefined, 3]);
  });

  test("a text cannot be counted on", async () => {
    const cache = createMemoryCache();
    await cache.set("key", "text", { ttlMs: 60_000 });
    await expect(cache.increment("key", 1, { ttlMs: 1 })).rejects.toThrow("no number");
  });

  test("tells how each look-up ended", async () => {
    const results: string[] = [];
    const clock = createManualClock();
    const cache = createMemoryCache({ clock, observe: (result) => results.push(result) });
    await cache.get("key");
    for (let round = 0; round < 3; round++) {
      await cache.wrap("key", { ttlMs: 100, staleMs: 100 }, async () => "value");
      clock.advance(60);
    }
    await cache.get("key");
    expect(results).toEqual(["miss", "miss", "hit", "stale", "hit"]);
  });
});
