import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../logging/logger.ts";
import type { Bus, Envelope } from "./bus.ts";
import { outboxChannel } from "./event-tables.ts";
import { hashKey } from "./key-hash.ts";
import { openSession } from "./session.ts";

export interface RelayOptions {
  readonly module: string;
  /** In the module's service role. */
  readonly url: string;
  readonly schema: string;
  readonly bus: Bus;
  readonly logger: Logger;
}

export interface Relay {
  /** Resolves after the batch in hand. What is left in the outbox is sent by the next relay. */
  close(): Promise<void>;
}

const BATCH = 500;
/** The longest wait where NOTIFY was lost. */
const SLOW_POLL_MS = 1_000;
/**
 * First wait after a batch, grown up to the slow poll while nothing comes. What is written this soon after a NOTIFY is told by none: see `NOTIFY_EVERY_MS` in
 * `outbox.ts`. The second look is for what was written in time and committed late; each look costs every event an empty one.
 */
const FAST_POLL_MS = 20;
const POLL_GROWTH = 10;
const FIRST_BACKOFF_MS = 100;
const LAST_BACKOFF_MS = 10_000;
/** Moved rows after which writers are led to a clean table: what a scan may have to step over stays in the order of a batch's own cost. */
const ROTATE_AFTER = 10_000;
const RELAY_LOCK = 7_310_003;

/**
 * Sends a module's outbox to the bus. However many instances a module has, one of them sends: the one whose session
 * holds the lock; another takes over when it is gone. While the bus is down the outbox keeps everything.
 */
export async function startRelay({ module, url, schema, bus, logger }: RelayOptions): Promise<Relay> {
  const closed = new AbortController();
  let wake: () => void = () => {};
  let notified = true;
  let leading = false;
  let sinceRotation = 0;
  const notice = (): void => {
    notified = true;
    wake();
  };
  const session = await openSession({
    url,
    applicationName: `plinth-relay-${module}`,
    schema,
    channels: [outboxChannel(schema)],
    onNotification: notice,
    onListening: notice,
    onLost: () => {
      leading = false;
    },
    logger,
  });

  const lead = async (): Promise<boolean> => {
    if (leading) return true;
    const [row] = await session.query<{ locked: boolean }>("select pg_try_advisory_lock($1, $2) as locked", [RELAY_LOCK, hashKey(schema)]);
    leading = row?.locked === true;
    return leading;
  };

  /** The rows stay until the bus has them; a relay killed in between sends them again, and the inbox notices. */
  const sendBatch = async (): Promise<number> => {
    const rows = await session.query<{ id: string; envelope: Envelope }>(
      { name: "outbox-batch", text: "select id, envelope from outbox order by id limit $1" },
      [BATCH],
    );
    if (rows.length === 0) return 0;
    await bus.send(rows.map(({ envelope }) => envelope));
    await session.query({ name: "outbox-sent", text: "delete from outbox where id = any ($1::bigint[])" }, [rows.map(({ id }) => id)]);
    return rows.length;
  };

  const rotate = async (): Promise<void> => {
    sinceRotation = 0;
    const [row] = await session.query<{ rotated: boolean }>("select rotate_outbox() as rotated");
    if (row?.rotated === true) return;
    logger.debug("Every other table of the outbox is held by a transaction; staying with this one for a while");
    sinceRotation = ROTATE_AFTER - BATCH;
  };

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      if (notified || closed.signal.aborted) return resolve();
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const run = async (): Promise<void> => {
    let idleMs = FAST_POLL_MS;
    let backoffMs = FIRST_BACKOFF_MS;
    while (!closed.signal.aborted) {
      if (notified) idleMs = FAST_POLL_MS;
      notified = false;
      try {
        const moved = (await lead()) ? await (bus.moveOutbox?.(schema, BATCH) ?? sendBatch()) : 0;
        backoffMs = FIRST_BACKOFF_MS;
        sinceRotation += moved;
        if (sinceRotation >= ROTATE_AFTER) await rotate();
        if (moved > 0) idleMs = FAST_POLL_MS;
        if (moved === BATCH) continue;
        await pause(leading ? idleMs : SLOW_POLL_MS);
        idleMs = Math.min(idleMs * POLL_GROWTH, SLOW_POLL_MS);
      } catch (error) {
        if (closed.signal.aborted) return;
        if (backoffMs === FIRST_BACKOFF_MS) logger.warn("Events cannot be sent; they stay in the outbox", { error });
        // News do not shorten this wait: they would only find the bus still down.
        await delay(backoffMs, undefined, { signal: closed.signal }).catch(() => undefined);
        backoffMs = Math.min(backoffMs * 2, LAST_BACKOFF_MS);
      }
    }
  };
  const running = run();
  return {
    async close() {
      closed.abort();
      wake();
      await running;
      await session.close();
    },
  };
}
