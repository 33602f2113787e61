import { createHash } from "node:crypto";
import { type Clock, systemClock } from "@plinth/kernel/base";
import { LRUCache } from "lru-cache";
import { isStorable, varyKey, varyNames } from "./cache-key.ts";
import type { HeaderRecord } from "./response-headers.ts";

export interface CachedAnswer {
  /** Flat, after the route's rules; without `etag` and `age`. */
  readonly headers: readonly string[];
  readonly etag: string;
  readonly body: Buffer;
  /** `elapsed()` of the clock. */
  readonly storedAt: number;
}

/** Answers to GET, kept in this process up to a number of bytes; the longest unused go first. */
export interface ResponseCache {
  find(key: string, header: (name: string) => string | undefined): CachedAnswer | undefined;
  /** Whether collecting the body of this answer is worth while. */
  wants(status: number, headers: HeaderRecord, owned: boolean): boolean;
  store(
    key: string,
    header: (name: string) => string | undefined,
    answer: { headers: HeaderRecord; shown: readonly string[]; body: Buffer; ttlMs: number; vary: readonly string[] },
  ): void;
  resize(maxBytes: number): void;
  readonly bytes: number;
}

/** Larger answers pass by: one of them would drive out hundreds of small ones. */
export const MAX_CACHED_BYTES = 1024 * 1024;
/** Keys, headers and the entry itself weigh too. */
const OVERHEAD_BYTES = 600;

interface Variants {
  /** Which request headers tell the answers under one key apart. */
  readonly names: readonly string[];
}

export function createResponseCache(maxBytes: number, clock: Clock = systemClock): ResponseCache {
  let answers = open(maxBytes);
  const variants = new LRUCache<string, Variants>({ max: 20_000 });

  function open(bytes: number): LRUCache<string, CachedAnswer & { readonly ttlMs: number }> {
    return new LRUCache({
      maxSize: Math.max(1, bytes),
      maxEntrySize: MAX_CACHED_BYTES + OVERHEAD_BYTES * 8,
      sizeCalculation: (answer, key) =>
        answer.body.length + key.length + OVERHEAD_BYTES + answer.headers.reduce((sum, text) => sum + text.length, 0),
    });
  }

  return {
    find(key, header) {
      const known = variants.get(key);
      if (known === undefined) return undefined;
      const full = key + varyKey(known.names, header);
      const answer = answers.get(full);
      if (answer === undefined) return undefined;
      if (clock.elapsed() - answer.storedAt < answer.ttlMs) return answer;
      answers.delete(full);
      return undefined;
    },
    wants(status, headers, owned) {
      if (!isStorable(status, headers, owned)) return false;
      const length = Number(headers["content-length"] ?? 0);
      return length <= MAX_CACHED_BYTES && varyNames([], String(headers.vary ?? "")) !== undefined;
    },
    store(key, header, { headers, shown, body, ttlMs, vary }) {
      const names = varyNames(vary, headers.vary === undefined ? undefined : String(headers.vary));
      if (names === undefined || body.length > MAX_CACHED_BYTES) return;
      variants.set(key, { names });
      const etag =
        typeof headers.etag === "string" ? headers.etag : `"${createHash("sha256").update(body).digest("base64url").slice(0, 27)}"`;
      const kept: string[] = [];
      for (let index = 0; index + 1 < shown.length; index += 2) {
        const name = shown[index] as string;
        if (name !== "etag" && name !== "age" && name !== "content-length") kept.push(name, shown[index + 1] as string);
      }
      answers.set(key + varyKey(names, header), { headers: kept, etag, body, storedAt: clock.elapsed(), ttlMs });
    },
    resize(bytes) {
      answers = open(bytes);
    },
    get bytes() {
      return answers.calculatedSize;
    },
  };
}
