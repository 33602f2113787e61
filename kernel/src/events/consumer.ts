import type { DescMessage } from "@bufbuild/protobuf";
import type { Database } from "../database/database.ts";
import type { Logger } from "../logging/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { IncomingEvent } from "./apply-events.ts";
import { deliverBroadcast } from "./broadcast.ts";
import type { Bus, SubscribeOptions, Subscription } from "./bus.ts";
import type { BroadcastHandler, EventHandler, EventsHandler, GroupHandler, SubscriptionOptions } from "./event-handlers.ts";
import { type BatchHandling, handleBatch, RETRY, type RetryPolicy } from "./handle-batch.ts";
import { pruneInbox } from "./inbox.ts";
import { createHandlerTable } from "./incoming.ts";
import { replayRequestedLetters } from "./replay-letters.ts";

export interface ConsumerOptions {
  readonly module: string;
  /** What the module declares to receive; see `subscribedTypes`. */
  readonly types: ReadonlySet<string>;
  readonly bus: Bus;
  /** Absent where the module has none: then it may listen, but not subscribe. */
  readonly database: Database | undefined;
  readonly logger: Logger;
  readonly metrics?: Pick<Metrics, "busConsumed" | "busDelay">;
  /** The longest retention among the topics; the inbox remembers for as long. */
  readonly retentionMs: number;
  readonly retry?: Partial<RetryPolicy>;
}

export interface Consumer {
  /** Before `start`: each event takes effect once in the whole module. */
  subscribe<M extends DescMessage>(schema: M, handler: EventHandler<M>, options?: SubscriptionOptions<M>): void;
  /** The same for events that may wait `gatherMs` for others, and are then handled in one go. Throws where the module subscribes to anything else. */
  subscribeTogether<M extends DescMessage>(schema: M, handler: EventsHandler<M>, options: { readonly gatherMs: number }): void;
  /** Before `start`: every instance hears every event, from `lookBackMs` before its start on. */
  listen<M extends DescMessage>(schema: M, handler: BroadcastHandler<M>, options?: { readonly lookBackMs?: number }): void;
  start(): Promise<void>;
  /** Hands no further batch to the module's handlers; what it listens to goes on. */
  pause(): void;
  resume(): void;
  /** Events not handled yet, by topic. */
  lag(): Promise<Record<string, number>>;
  /** Resolves after the batches in hand. */
  close(): Promise<void>;
}

/** Events of one transaction: enough that its commit is cheap per event, few enough that a failing one costs little repeated work. */
const BATCH = 200;
const REPLAY_POLL_MS = 1_000;
const PRUNE_EVERY_MS = 600_000;
/** How much longer than the bus the inbox remembers: a segment is dropped some time after its due date. */
const INBOX_MARGIN = 1.25;

/** Everything a module receives. */
export function createConsumer(options: ConsumerOptions): Consumer {
  const { module, bus, database, logger } = options;
  const handlers = createHandlerTable<GroupHandler>(module, options.types);
  const listeners = createHandlerTable<BroadcastHandler<DescMessage>>(module, options.types);
  const closing = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  const background = new Set<Promise<void>>();
  let lookBackMs = 0;
  let gatherMs: number | undefined;
  let group: Subscription | undefined;
  let broadcast: Subscription | undefined;

  /** Repeats `work`, one run at a time; errors are logged, the next run comes all the same. */
  const every = (ms: number, work: () => Promise<void>): void => {
    let running = false;
    timers.push(
      setInterval(() => {
        if (running) return;
        running = true;
        const run = work()
          .catch((error: unknown) => logger.warn("Housekeeping of events failed", { error }))
          .finally(() => {
            running = false;
            background.delete(run);
          });
        background.add(run);
      }, ms),
    );
  };

  const startGroup = async (store: Database): Promise<void> => {
    const handling: BatchHandling = {
      module,
      database: store,
      logger,
      metrics: options.metrics,
      retry: { ...RETRY, ...options.retry },
      closing: closing.signal,
    };
    const wanted: SubscribeOptions = {
      ...{ group: module, topics: handlers.topics(), from: "earliest", batchSize: BATCH },
      ...(gatherMs !== undefined && { gatherMs }),
    };
    group = await bus.subscribe(wanted, async (batch) => {
      const events: IncomingEvent[] = [];
      for (const { envelope } of batch) {
        const event = handlers.read(envelope);
        if (event !== undefined) events.push(event);
      }
      await handleBatch(handling, events);
    });
    every(REPLAY_POLL_MS, () => replayRequestedLetters(handling, handlers.read));
    every(PRUNE_EVERY_MS, () => pruneInbox(store, options.retentionMs * INBOX_MARGIN));
  };

  const add = (schema: DescMessage, handler: GroupHandler): void => {
    if (database === undefined)
      throw new Error(`The module ${module} has no database: it can listen to events, but not subscribe to them.`);
    handlers.add(schema, handler);
  };
  // Other events would wait as well, and a failing one would hold up partitions that have nothing to do with it.
  const notAlone = (): Error => new Error(`The module ${module} gathers events of one type, and can subscribe to no other.`);

  return {
    subscribe(schema, handler, { isNeeded } = {}) {
      if (gatherMs !== undefined) throw notAlone();
      const one = handler as unknown as EventHandler<DescMessage>;
      add(schema, {
        together: false,
        handle: async (events, tx) => {
          for (const { event, envelope } of events) await one(event, tx, envelope);
        },
        isNeeded: isNeeded as GroupHandler["isNeeded"],
      });
    },
    subscribeTogether(schema, handler, wanted) {
      if (handlers.topics().length > 0) throw notAlone();
      add(schema, { together: true, handle: handler as unknown as EventsHandler<DescMessage> });
      gatherMs = wanted.gatherMs;
    },
    listen(schema, handler, { lookBackMs: wanted = 0 } = {}) {
      listeners.add(schema, handler as unknown as BroadcastHandler<DescMessage>);
      lookBackMs = Math.max(lookBackMs, wanted);
    },
    async start() {
      if (database !== undefined && handlers.topics().length > 0) await startGroup(database);
      if (listeners.topics().length > 0) {
        broadcast = await bus.subscribe(
          { topics: listeners.topics(), from: lookBackMs === 0 ? "latest" : { ageMs: lookBackMs }, batchSize: BATCH },
          (batch) => deliverBroadcast({ module, logger, read: listeners.read, closing: closing.signal }, batch),
        );
      }
    },
    pause: () => group?.pause(),
    resume: () => group?.resume(),
    lag: () => bus.lag(module),
    async close() {
      closing.abort();
      for (const timer of timers) clearInterval(timer);
      await Promise.all([group?.close(), broadcast?.close()]);
      await Promise.all(background);
    },
  };
}
