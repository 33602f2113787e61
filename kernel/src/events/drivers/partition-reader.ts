import type { Logger } from "../../logging/logger.ts";
import type { Delivery, Envelope } from "../bus.ts";

/** Where a subscription is in one partition. */
export interface Cursor {
  readonly partitionId: number;
  readonly partition: number;
  /** Offset of the last message handled. */
  position: bigint;
}

export interface StoredMessage {
  readonly offset: bigint;
  readonly envelope: Envelope;
}

export interface ReaderOptions {
  /** Up to `limit` messages after the position of each cursor, in order, by partition id. */
  readonly fetch: (cursors: readonly Cursor[], limit: number) => Promise<ReadonlyMap<number, readonly StoredMessage[]>>;
  readonly handle: (batch: readonly Delivery[]) => Promise<void>;
  readonly batchSize: number;
  /** See `SubscribeOptions`. */
  readonly gatherMs?: number | undefined;
  readonly logger: Logger;
}

/** Reads partitions side by side or together, each in order: fetches, hands over, moves the position, repeats a batch that was refused. */
export interface PartitionReader {
  /** Begins at the cursor's position. */
  add(cursor: Cursor): void;
  /** Resolves when nothing of the partition is in hand any more. */
  remove(partitionId: number): Promise<void>;
  /** There may be news in these partitions; in all where absent. */
  wake(partitionIds?: readonly number[]): void;
  pause(): void;
  resume(): void;
  /** Hands nothing over any more; resolves when all that is in hand came back. */
  close(): Promise<void>;
}

/** Partitions handled at once. More would wait for the same few connections and cores. */
const SIDE_BY_SIDE = 4;
const FIRST_BACKOFF_MS = 50;
const LAST_BACKOFF_MS = 10_000;

interface Lane {
  readonly cursor: Cursor;
  /** There may be something to fetch. */
  news: boolean;
  inHand: Promise<void> | undefined;
  attempt: number;
  backoff: NodeJS.Timeout | undefined;
}

/** What was fetched of one partition. */
interface Taken {
  readonly lane: Lane;
  readonly messages: readonly StoredMessage[];
}

export function createPartitionReader({ fetch, handle, batchSize, gatherMs = 0, logger }: ReaderOptions): PartitionReader {
  const together = gatherMs > 0;
  const sideBySide = together ? Number.POSITIVE_INFINITY : SIDE_BY_SIDE;
  let gathering: NodeJS.Timeout | undefined;
  const lanes = new Map<number, Lane>();
  const inHand = new Set<Promise<void>>();
  let fetching: Promise<void> | undefined;
  let paused = false;
  let closed = false;

  /** Lanes served longest ago come first: a lane that is served moves to the end of the map. */
  const ready = (): Lane[] => {
    const found: Lane[] = [];
    for (const lane of lanes.values()) {
      if (found.length + inHand.size >= sideBySide) break;
      if (lane.news && lane.inHand === undefined && lane.backoff === undefined) found.push(lane);
    }
    return found;
  };

  /** False where the fetch failed: then the next poll begins anew, not we. */
  const pump = async (): Promise<boolean> => {
    for (let next = ready(); next.length > 0 && !paused && !closed; next = ready()) {
      // Before the fetch: what is appended during it sets the mark again.
      for (const lane of next) lane.news = false;
      let messages: ReadonlyMap<number, readonly StoredMessage[]>;
      try {
        messages = await fetch(
          next.map(({ cursor }) => cursor),
          batchSize,
        );
      } catch (error) {
        logger.debug("Messages cannot be fetched; the next poll tries again", { error });
        for (const lane of next) lane.news = true;
        return false;
      }
      const taken: Taken[] = [];
      for (const lane of next) {
        const found = messages.get(lane.cursor.partitionId);
        if (lanes.get(lane.cursor.partitionId) !== lane || found === undefined || found.length === 0) continue;
        if (paused || closed) lane.news = true;
        else taken.push({ lane, messages: found });
      }
      if (together && taken.length > 0) take(taken);
      else for (const one of taken) take([one]);
      // What comes meanwhile is waited for anew.
      if (together) return true;
    }
    return true;
  };

  const take = (taken: readonly Taken[]): void => {
    const isFull = taken.some(({ messages }) => messages.length === batchSize);
    const work = deliver(taken).finally(() => {
      inHand.delete(work);
      for (const { lane } of taken) lane.inHand = undefined;
      // There is more already: nothing to wait for.
      if (isFull) fetchNow();
      else start();
    });
    for (const { lane } of taken) {
      const { partitionId } = lane.cursor;
      lanes.delete(partitionId);
      lanes.set(partitionId, lane);
      lane.inHand = work;
    }
    inHand.add(work);
  };

  const deliver = async (taken: readonly Taken[]): Promise<void> => {
    const deliveries = taken.flatMap(({ lane, messages }) => {
      const { attempt, cursor } = lane;
      return messages.map(({ offset, envelope }) => ({ envelope, partition: cursor.partition, offset, attempt }));
    });
    try {
      await handle(deliveries);
      for (const { lane, messages } of taken) {
        lane.cursor.position = messages.at(-1)?.offset ?? lane.cursor.position;
        lane.attempt = 1;
        if (messages.length === batchSize) lane.news = true;
      }
    } catch (error) {
      for (const { lane } of taken) lane.news = true;
      if (closed) return;
      for (const { lane } of taken) comeBack(lane, error);
    }
  };

  const comeBack = (lane: Lane, error: unknown): void => {
    const wait = Math.min(FIRST_BACKOFF_MS * 2 ** (lane.attempt - 1), LAST_BACKOFF_MS);
    lane.attempt++;
    logger.warn("A batch of messages was refused; it is delivered again", {
      partition: lane.cursor.partition,
      attempt: lane.attempt,
      milliseconds: wait,
      error,
    });
    lane.backoff = setTimeout(() => {
      lane.backoff = undefined;
      start();
    }, wait);
  };

  const start = (): void => {
    if (!together) fetchNow();
    else if (!closed && ready().length > 0) {
      gathering ??= setTimeout(() => {
        gathering = undefined;
        fetchNow();
      }, gatherMs);
    }
  };

  const fetchNow = (): void => {
    if (fetching !== undefined || paused || closed) return;
    fetching = pump().then((fetched) => {
      fetching = undefined;
      // What was woken while the last round came to its end.
      if (fetched && ready().length > 0) start();
    });
  };

  return {
    add(cursor) {
      lanes.set(cursor.partitionId, { cursor, news: true, inHand: undefined, attempt: 1, backoff: undefined });
      start();
    },
    async remove(partitionId) {
      const lane = lanes.get(partitionId);
      lanes.delete(partitionId);
      clearTimeout(lane?.backoff);
      await lane?.inHand;
    },
    wake(partitionIds) {
      if (partitionIds === undefined) for (const lane of lanes.values()) lane.news = true;
      else {
        for (const id of partitionIds) {
          const lane = lanes.get(id);
          if (lane !== undefined) lane.news = true;
        }
      }
      start();
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      start();
    },
    async close() {
      closed = true;
      clearTimeout(gathering);
      for (const lane of lanes.values()) clearTimeout(lane.backoff);
      await fetching;
      await Promise.all(inHand);
    },
  };
}
