import type { Logger } from "../../logging/logger.ts";
import type { Delivery, SubscribeOptions, Subscription } from "../bus.ts";
import { openSession, type Session, type SessionQuery } from "../session.ts";
import { type Cursor, createPartitionReader } from "./partition-reader.ts";
import { BUS_CHANNEL, BUS_SCHEMA, MEMBERS_CHANGED } from "./postgres-bus-tables.ts";
import { ageOf, fetchMessages, listPartitions } from "./postgres-positions.ts";

export interface PostgresSubscriptionOptions extends SubscribeOptions {
  readonly url: string;
  readonly name: string;
  readonly logger: Logger;
  readonly handle: (batch: readonly Delivery[]) => Promise<void>;
}

/** The slow poll: for what a lost NOTIFY would have told, new partitions, and members that came or went. */
export const TICK_MS = 1_000;

/** What a subscription does with its session; groups and broadcasts differ in how they come to their partitions. */
export interface Reading {
  /** On each new connection. */
  begin(query: SessionQuery): Promise<void>;
  /** About once a second, and when members changed. Never runs twice at a time. */
  tick(query: SessionQuery): Promise<void>;
  /** The connection is gone. */
  lost(): void;
  /** After the last batch. */
  end(query: SessionQuery): Promise<void>;
}

/** Opens the session of a subscription and keeps it reading. `readingOf` says how partitions are come by. */
export async function startReading(
  options: PostgresSubscriptionOptions,
  readingOf: (reader: ReturnType<typeof createPartitionReader>) => Reading,
): Promise<Subscription> {
  let session: Session | undefined;
  let ticking: Promise<void> | undefined;
  let tickAgain = false;
  let closing = false;
  const query: SessionQuery = (text, values) => {
    if (session === undefined) return Promise.reject(new Error("The subscription is only about to begin."));
    return session.query(text, values);
  };
  const reader = createPartitionReader({
    fetch: (cursors, limit) => fetchMessages(query, cursors, limit),
    handle: options.handle,
    batchSize: options.batchSize,
    gatherMs: options.gatherMs,
    logger: options.logger,
  });
  const reading = readingOf(reader);

  const tick = (): void => {
    if (closing) return;
    tickAgain = true;
    ticking ??= (async () => {
      while (tickAgain && !closing) {
        tickAgain = false;
        await reading.tick(query).catch((error: unknown) => options.logger.debug("A poll of the bus failed", { error }));
      }
    })().finally(() => {
      ticking = undefined;
    });
  };

  const lookAtAll = (): void => {
    tick();
    reader.wake();
  };

  session = await openSession({
    url: options.url,
    applicationName: `plinth-bus-${options.name}`,
    schema: BUS_SCHEMA,
    channels: [BUS_CHANNEL],
    onNotification(_channel, payload) {
      if (payload === MEMBERS_CHANGED) tick();
      else reader.wake(payload.split(",").map(Number));
    },
    onListening() {
      if (session !== undefined) lookAtAll();
    },
    onConnect: (connected) => reading.begin(connected),
    onLost: () => reading.lost(),
    logger: options.logger,
  });
  // What came since the session began was told to nobody.
  lookAtAll();
  const timer = setInterval(lookAtAll, TICK_MS);

  return {
    pause: () => reader.pause(),
    resume: () => reader.resume(),
    async close() {
      closing = true;
      clearInterval(timer);
      await reader.close();
      await ticking;
      await reading
        .end(query)
        .catch((error: unknown) => options.logger.warn("A subscription ended without storing its positions", { error }));
      await session?.close();
    },
  };
}

/** Every subscriber reads every partition, from a point of time on; nothing is stored. */
export function subscribeToAll(options: PostgresSubscriptionOptions): Promise<Subscription> {
  const cursors = new Map<number, Cursor>();
  return startReading(options, (reader) => {
    const follow = async (query: SessionQuery, ageMs: number | null): Promise<void> => {
      for (const { partitionId, partition, start } of await listPartitions(query, options.topics, ageMs)) {
        if (cursors.has(partitionId)) continue;
        const cursor = { partitionId, partition, position: BigInt(start) };
        cursors.set(partitionId, cursor);
        reader.add(cursor);
      }
    };
    return {
      begin: (query) => (cursors.size === 0 ? follow(query, ageOf(options.from)) : Promise.resolve()),
      // A partition that appears later is read from its start.
      tick: (query) => follow(query, null),
      lost() {},
      async end() {},
    };
  });
}
