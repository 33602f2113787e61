import { type Clock, systemClock } from "@plinth/kernel/base";
import { isAlreadyExists, isNotFound, type KubeClient, type KubeObject, resourcePath } from "@plinth/kernel/kube";
import type { Logger } from "@plinth/kernel/logging";
import { createKeyedRateLimiter } from "@plinth/kernel/resilience";
import { KINDS } from "../kube/kinds.ts";
import { buildEvent, eventName, type Happening, identityOf, type Series, seriesKey, seriesPart } from "./event-series.ts";

export interface RecorderOptions {
  readonly client: KubeClient;
  /** Who says it: a qualified name such as `plinth.dev/operator`. */
  readonly controller: string;
  /** Which replica. */
  readonly instance: string;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** Writes Events. They are for people: none is waited for, and one that cannot be written is left out. */
export interface Recorder {
  /** Something happened to an object. The same again only counts; of one object's happenings more than 25 at once, then one in 5 min, are left out. */
  record(regarding: KubeObject, happening: Happening): void;
  /** Resolves when everything recorded so far is written, counts included, or at latest after 2 s. */
  flush(): Promise<void>;
}

/** Those of client-go. */
const LIMIT = { requests: 25, perMs: 25 * 300_000 };
const MAX_SERIES = 4096;
/** A series that is not repeated for so long has ended. */
const SERIES_ENDS_MS = 360_000;
/** A series that goes on is written so often. */
const SERIES_EVERY_MS = 300_000;
const SWEEP_MS = 60_000;
const MAX_WAITING = 1000;
const DEADLINE_MS = 5000;
const FLUSH_MS = 2000;

interface Entry extends Series {
  readonly key: string;
  waiting: boolean;
  /** The count that the API server has; 0 before the Event is created. */
  writtenCount: number;
  /** By the clock that only goes forward, as `seenAt`. */
  writtenAt: number;
  seenAt: number;
}

export function createRecorder(options: RecorderOptions): Recorder {
  const { client, controller, instance, logger, clock = systemClock, random = Math.random } = options;
  const limiter = createKeyedRateLimiter({ maxKeys: MAX_SERIES, clock });
  /** The longest unused first. */
  const entries = new Map<string, Entry>();
  const waiting: Entry[] = [];
  let sending: Promise<void> | undefined;
  let sweeping = false;

  function enqueue(entry: Entry): void {
    if (entry.waiting) return;
    if (waiting.length >= MAX_WAITING) {
      logger.debug("an Event is left out: too many wait", { key: entry.key });
      if (entry.writtenCount === 0) entries.delete(entry.key);
      return;
    }
    entry.waiting = true;
    waiting.push(entry);
    sending ??= send();
  }

  /** One after another: Events must not take the sockets from what the objects need. */
  async function send(): Promise<void> {
    for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
      entry.waiting = false;
      const { count } = entry;
      try {
        await write(entry);
        entry.writtenCount = count;
      } catch (error) {
        logger.debug("an Event could not be written", { key: entry.key, error });
        if (entry.writtenCount === 0) entries.delete(entry.key);
      }
      entry.writtenAt = clock.elapsed();
    }
    sending = undefined;
  }

  async function write(entry: Entry): Promise<void> {
    const { namespace, name } = entry;
    if (entry.writtenCount > 0) {
      try {
        const path = resourcePath(KINDS.Event, { namespace, name });
        const body = seriesPart(entry);
        await client.request({ method: "PATCH", path, body, contentType: "application/merge-patch+json", deadlineMs: DEADLINE_MS });
        return;
      } catch (error) {
        if (!isNotFound(error)) throw error;
        // The API server keeps Events for an hour.
        entry.name = eventName(entry.regarding, clock.now(), random);
      }
    }
    const body = buildEvent(entry, controller, instance);
    // It has a name, so that done twice is done once.
    const request = { method: "POST", path: resourcePath(KINDS.Event, { namespace }), body, deadlineMs: DEADLINE_MS, retry: true } as const;
    await client.request(request).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
  }

  function sweep(): void {
    sweeping = false;
    const now = clock.elapsed();
    for (const entry of entries.values()) {
      if (now - entry.seenAt < SERIES_ENDS_MS) break;
      if (entry.count > entry.writtenCount) enqueue(entry);
      entries.delete(entry.key);
    }
    sweepLater();
  }

  function sweepLater(): void {
    if (sweeping || entries.size === 0) return;
    sweeping = true;
    clock.after(SWEEP_MS, sweep);
  }

  function begin(key: string, object: KubeObject, { related, ...what }: Happening): void {
    const regarding = identityOf(object);
    const happening = { ...what, ...(related !== undefined && { related: identityOf(related) }) };
    if (!limiter.take(regarding.metadata.uid ?? key, LIMIT).allowed) {
      logger.debug("an Event is left out: too many of its object", { key });
      return;
    }
    const [now, elapsed] = [clock.now(), clock.elapsed()];
    const name = eventName(regarding, now, random);
    const { namespace = "default" } = regarding.metadata;
    const at = { firstAt: now, lastAt: now, seenAt: elapsed, writtenAt: elapsed };
    const entry: Entry = { key, regarding, happening, namespace, name, count: 1, writtenCount: 0, waiting: false, ...at };
    entries.set(key, entry);
    for (const oldest of entries.keys()) {
      if (entries.size <= MAX_SERIES) break;
      entries.delete(oldest);
    }
    enqueue(entry);
  }

  return {
    record(regarding, happening) {
      const key = seriesKey(regarding, happening);
      const known = entries.get(key);
      const elapsed = clock.elapsed();
      if (known === undefined || elapsed - known.seenAt >= SERIES_ENDS_MS) {
        begin(key, regarding, happening);
      } else {
        known.count++;
        known.lastAt = clock.now();
        known.seenAt = elapsed;
        entries.delete(key);
        entries.set(key, known);
        if (known.count === 2 || elapsed - known.writtenAt >= SERIES_EVERY_MS) enqueue(known);
      }
      sweepLater();
    },
    async flush() {
      for (const entry of entries.values()) if (entry.count > entry.writtenCount) enqueue(entry);
      const limit = new AbortController();
      await Promise.race([sending, clock.sleep(FLUSH_MS, limit.signal).catch(() => undefined)]);
      limit.abort();
    },
  };
}
