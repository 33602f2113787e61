import { LRUCache } from "lru-cache";
import { type Clock, systemClock } from "../base/clock.ts";
import type { Cache } from "./cache.ts";
import { createSingleFlight } from "./single-flight.ts";

/** How a look-up ended; `stale`: an old value was answered while a new one loads. */
export type CacheResult = "hit" | "stale" | "miss";

export interface MemoryCacheOptions {
  /** Of more entries than this the longest unused goes. */
  readonly maxEntries?: number;
  readonly clock?: Clock;
  /** Told of each look-up, for metrics. */
  readonly observe?: (result: CacheResult) => void;
}

interface Entry {
  value: unknown;
  /** `clock.elapsed()` from which on the value is no longer fresh. */
  freshUntil: number;
  /** Until then `wrap` may answer it while a new one loads. */
  usableUntil: number;
}

/** A cache in the process. Values are handed out as they are, not copied: treat them as read-only. */
export function createMemoryCache(options: MemoryCacheOptions = {}): Cache {
  const { clock = systemClock, observe } = options;
  const entries = new LRUCache<string, Entry>({ max: options.maxEntries ?? 10_000 });
  const flights = createSingleFlight();

  function find(key: string): Entry | undefined {
    const entry = entries.get(key);
    if (entry === undefined || clock.elapsed() < entry.usableUntil) return entry;
    entries.delete(key);
    return undefined;
  }

  function findFresh(key: string): Entry | undefined {
    const entry = find(key);
    return entry !== undefined && clock.elapsed() < entry.freshUntil ? entry : undefined;
  }

  function put(key: string, value: unknown, ttlMs: number, staleMs: number): void {
    const freshUntil = clock.elapsed() + ttlMs;
    entries.set(key, { value, freshUntil, usableUntil: freshUntil + staleMs });
  }

  return {
    async get<T>(key: string) {
      const entry = findFresh(key);
      observe?.(entry === undefined ? "miss" : "hit");
      return entry?.value as T | null | undefined;
    },
    async set(key, value, { ttlMs }) {
      flights.forget(key);
      put(key, value, ttlMs, 0);
    },
    async delete(key) {
      flights.forget(key);
      entries.delete(key);
    },
    async exists(key) {
      const entry = findFresh(key);
      return entry !== undefined && entry.value !== null;
    },
    async increment(key, by, { ttlMs }) {
      const entry = findFresh(key);
      if (entry === undefined || entry.value === null) {
        put(key, by, ttlMs, 0);
        return by;
      }
      if (typeof entry.value !== "number") throw new TypeError(`The value of ${key} is no number.`);
      entry.value += by;
      return entry.value as number;
    },
    async wrap<T>(key: string, { ttlMs, staleMs = 0 }: { ttlMs: number; staleMs?: number }, load: () => Promise<T | null>) {
      const entry = find(key);
      const isFresh = entry !== undefined && clock.elapsed() < entry.freshUntil;
      observe?.(isFresh ? "hit" : entry === undefined ? "miss" : "stale");
      if (isFresh) return entry.value as T | null;
      const loaded = flights.run(key, load, (value) => put(key, value, ttlMs, staleMs));
      if (entry === undefined) return await loaded;
      // The old value is answered now; if loading fails, it serves on and the next caller tries again.
      loaded.catch(() => undefined);
      return entry.value as T | null;
    },
  };
}
