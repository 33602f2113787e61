import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { migrate, openDatabase, provisionModule, sqlMigration } from "@plinth/kernel/database";
import { startEmbeddedPostgres } from "@plinth/kernel/embedded";
import {
  type Bus,
  createConsumer,
  createPostgresBus,
  createPublisher,
  eventMigrations,
  provisionBus,
  startRelay,
} from "@plinth/kernel/events";
import { CounterMovedSchema } from "@plinth/proto/testing/v1/events_pb";
import { RUNS } from "./measure/options.ts";
import { report, table, whole } from "./measure/report.ts";

/**
 * From publish to effect: outbox, relay, Postgres bus, inbox, one inserted row per event, all durable. The publisher with its relay is one thread, the
 * subscriber another, Postgres its own processes. `npm run bench -- publish-to-effect [--write]`
 */
const EVENTS = 20_000;
const PUBLISHERS = 8;
const KEYS = 1_000;
const LATENCY_RATE = 500;
const LATENCY_SECONDS = 10;
const TYPES = new Set(["testing.counter.moved"]);
const logger = {
  error: (message: string) => void process.stderr.write(`${message}\n`),
  warn() {},
  info() {},
  debug() {},
  child: () => logger,
};

/** Epoch milliseconds with fractions; the same in every thread. */
const now = (): number => performance.timeOrigin + performance.now();

if (isMainThread) await main();
else await subscriber();

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "plinth-bench-"));
  const postgres = await startEmbeddedPostgres({ dataFolder: join(folder, "postgres") });
  try {
    const counter = await provisionModule(postgres.adminUrl, { module: "counter" });
    const ledger = await provisionModule(postgres.adminUrl, { module: "ledger" });
    const effects = sqlMigration(
      "0001-effects",
      "create table effects (event_id text primary key, counter_id text not null, step integer not null)",
    );
    await migrate({ url: counter.ownerUrl, schema: counter.schema, sources: [eventMigrations], logger });
    await migrate({
      url: ledger.ownerUrl,
      schema: ledger.schema,
      sources: [eventMigrations, { name: "ledger", migrations: [effects] }],
      logger,
    });
    await provisionBus(postgres.adminUrl, { members: ["counter", "ledger"], logger });

    const database = await openDatabase({ url: counter.url, schema: counter.schema, entities: [], logger });
    const bus = await createPostgresBus({ url: counter.url, name: "counter", topics: [], sharesDatabase: true, logger });
    const relay = await startRelay({ module: "counter", url: counter.url, schema: counter.schema, bus, logger });
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { url: ledger.url, schema: ledger.schema } });
    const arrivals = listenTo(worker);
    await arrivals.ready;

    const publisher = createPublisher({ module: "counter", types: TYPES });
    let step = 0;
    const publish = (count: number): Promise<void> =>
      database.transaction(async (tx) => {
        for (let index = 0; index < count; index++) {
          step++;
          await publisher.publish(tx, CounterMovedSchema, { counterId: `counter-${step % KEYS}`, step, note: "x".repeat(200) });
        }
      });

    const throughput = async (perTransaction: number): Promise<number> => {
      const startedAt = now();
      const target = arrivals.count() + EVENTS;
      let left = EVENTS;
      await Promise.all(
        Array.from({ length: PUBLISHERS }, async () => {
          while (left > 0) {
            left -= perTransaction;
            await publish(perTransaction);
          }
        }),
      );
      await arrivals.until(target);
      return EVENTS / ((now() - startedAt) / 1_000);
    };

    const rows: string[][] = [];
    for (const perTransaction of [1, 10]) {
      await throughput(perTransaction);
      const rates: number[] = [];
      for (let run = 0; run < RUNS; run++) rates.push(await throughput(perTransaction));
      rates.sort((a, b) => a - b);
      const [least = 0, middle = 0, most = 0] = [rates[0], rates[(RUNS - 1) >> 1], rates.at(-1)];
      rows.push([`publish → effect, ${perTransaction} per transaction`, `${whole(middle)} events/s`, `${whole(least)} – ${whole(most)}`]);
    }

    arrivals.delays.length = 0;
    const target = arrivals.count() + LATENCY_RATE * LATENCY_SECONDS;
    const startedAt = now();
    const published: Promise<void>[] = [];
    for (let sent = 0; sent < LATENCY_RATE * LATENCY_SECONDS; sent++) {
      const wait = startedAt + (sent * 1_000) / LATENCY_RATE - now();
      if (wait > 1) await delay(wait);
      published.push(publish(1));
    }
    await Promise.all(published);
    await arrivals.until(target);
    const delays = arrivals.delays.sort((a, b) => a - b);
    const at = (share: number): string => `${(delays[Math.floor((delays.length - 1) * share)] ?? Number.NaN).toFixed(1)} ms`;
    rows.push([`latency at ${LATENCY_RATE}/s`, `p50 ${at(0.5)}, p99 ${at(0.99)}`, `max ${at(1)}`]);

    await report("publish-to-effect", table(["embedded Postgres, with fsync", "median", "range"], rows), { timed: false });

    await relay.close();
    await bus.close();
    worker.postMessage("stop");
    await new Promise((resolve) => worker.once("exit", resolve));
    await database.close();
  } finally {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Keeps what the subscriber reports: how many events took effect, and how long after their publication. */
function listenTo(worker: Worker): { ready: Promise<void>; delays: number[]; count(): number; until(target: number): Promise<void> } {
  let count = 0;
  const delays: number[] = [];
  const waiting = new Set<() => void>();
  const ready = Promise.withResolvers<void>();
  worker.on("error", ready.reject);
  worker.on("message", (message: "ready" | readonly number[]) => {
    if (message === "ready") return ready.resolve();
    count += message.length;
    delays.push(...message);
    for (const check of waiting) check();
  });
  return {
    ready: ready.promise,
    delays,
    count: () => count,
    until: (target) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (count < target) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
  };
}

async function subscriber(): Promise<void> {
  const { url, schema } = workerData as { url: string; schema: string };
  const database = await openDatabase({ url, schema, entities: [], logger });
  const inner = await createPostgresBus({ url, name: "ledger", topics: [], sharesDatabase: true, logger });
  // An effect counts when its transaction is committed, which is when the batch comes back.
  const bus: Bus = {
    ...inner,
    subscribe: (options, handle) =>
      inner.subscribe(options, async (batch) => {
        await handle(batch);
        const at = now();
        parentPort?.postMessage(batch.map(({ envelope }) => at - Date.parse(envelope.timestamp)));
      }),
  };
  const consumer = createConsumer({ module: "ledger", types: TYPES, bus, database, logger, retentionMs: 604_800_000 });
  consumer.subscribe(CounterMovedSchema, async (event, tx, { eventId }) => {
    await tx.query("insert into effects (event_id, counter_id, step) values ($1, $2, $3)", [eventId, event.counterId, event.step]);
  });
  await consumer.start();
  parentPort?.postMessage("ready");
  parentPort?.once("message", async () => {
    await consumer.close();
    await inner.close();
    await database.close();
    process.exit(0);
  });
}
