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
  readonly logger: Logger;
}

/** Reads partitions side by side, each in order: fetches, hands over, moves the position, repeats a batch that was refused. */
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

export function createPartitionReader({ fetch, handle, batchSize, logger }: ReaderOptions): PartitionReader {
  const lanes = new Map<number, Lane>();
  const inHand = new Set<Promise<void>>();
  let fetching: Promise<void> | undefined;
  let paused = false;
  let closed = false;

  /** Lanes served longest ago come first: a lane that is served moves to the end of the map. */
  const ready = (): Lane[] => {
    const found: Lane[] = [];
    for (const lane of lanes.values()) {
      if (found.length + inHand.size >= SIDE_BY_SIDE) break;
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
      for (const lane of next) {
        const batch = messages.get(lane.cursor.partitionId);
        if (lanes.get(lane.cursor.partitionId) !== lane || batch === undefined || batch.length === 0) continue;
        if (paused || closed) lane.news = true;
        else take(lane, batch);
      }
    }
    return true;
  };

  const take = (lane: Lane, batch: readonly StoredMessage[]): void => {
    const { partitionId, partition } = lane.cursor;
    lanes.delete(partitionId);
    lanes.set(partitionId, lane);
    const work = deliver(lane, batch, partition).finally(() => {
      inHand.delete(work);
      lane.inHand = undefined;
      start();
    });
    lane.inHand = work;
    inHand.add(work);
  };

  const deliver = async (lane: Lane, batch: readonly StoredMessage[], partition: number): Promise<void> => {
    try {
      await handle(batch.map(({ offset, envelope }) => ({ envelope, partition, offset, attempt: lane.attempt })));
      lane.cursor.position = batch.at(-1)?.offset ?? lane.cursor.position;
      lane.attempt = 1;
      if (batch.length === batchSize) lane.news = true;
    } catch (error) {
      lane.news = true;
      if (closed) return;
      const wait = Math.min(FIRST_BACKOFF_MS * 2 ** (lane.attempt - 1), LAST_BACKOFF_MS);
      lane.attempt++;
      logger.warn("A batch of messages was refused; it is delivered again", {
        partition,
        attempt: lane.attempt,
        milliseconds: wait,
        error,
      });
      lane.backoff = setTimeout(() => {
        lane.backoff = undefined;
        start();
      }, wait);
    }
  };

  const start = (): void => {
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
      for (const lane of lanes.values()) clearTimeout(lane.backoff);
      await fetching;
      await Promise.all(inHand);
    },
  };
}
