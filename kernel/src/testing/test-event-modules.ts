import type { MessageInitShape } from "@bufbuild/protobuf";
import { type CounterMoved, CounterMovedSchema } from "@plinth/proto/testing/v1/events_pb";
import { sqlMigration } from "../database/migration.ts";
import { type OpenDatabase, openDatabase } from "../database/open-database.ts";
import type { ProvisionedModule } from "../database/provision-module.ts";
import type { Bus } from "../events/bus.ts";
import { type Consumer, createConsumer } from "../events/consumer.ts";
import { createPostgresBus } from "../events/drivers/postgres-bus.ts";
import { provisionBus } from "../events/drivers/provision-bus.ts";
import type { EventHandler, SubscriptionOptions } from "../events/event-handlers.ts";
import { eventMigrations } from "../events/event-tables.ts";
import type { RetryPolicy } from "../events/handle-batch.ts";
import { createPublisher, type Publisher } from "../events/outbox.ts";
import { type Relay, startRelay } from "../events/relay.ts";
import type { Logger } from "../logging/logger.ts";
import { createFurnishedDatabase } from "./furnished-database.ts";
import type { TestDatabase } from "./test-postgres.ts";

export const COUNTER_TYPES = new Set(["testing.counter.moved", "testing.counter.removed"]);
export const silentLogger: Logger = { error() {}, warn() {}, info() {}, debug() {}, child: () => silentLogger };

/** One row for each time a handler ran and committed: nothing keeps a second row for one event out but the inbox. */
const effects = {
  name: "effects",
  migrations: [
    sqlMigration(
      "0001-effects",
      `create table effects (id bigint generated always as identity primary key, event_id text not null, counter_id text not null,
       step integer not null, tenant text not null default current_setting('plinth.tenant'))`,
    ),
  ],
};

interface ConsumerSettings extends SubscriptionOptions<typeof CounterMovedSchema> {
  readonly retry?: Partial<RetryPolicy>;
  readonly bus?: Bus;
}

/** Two modules on one Postgres: `counter` publishes, `ledger` makes a row of each event. */
export interface EventModules {
  readonly testDatabase: TestDatabase;
  readonly counter: ProvisionedModule & { readonly database: OpenDatabase };
  readonly ledger: ProvisionedModule & { readonly database: OpenDatabase };
  readonly publisher: Publisher;
  /** A bus as the module would open it; closed at the end. */
  openBus(module: "counter" | "ledger", sharesDatabase?: boolean): Promise<Bus>;
  startRelay(bus?: Bus): Promise<Relay>;
  /** A running consumer of `ledger`; closed at the end. */
  startConsumer(handler: EventHandler<typeof CounterMovedSchema>, options?: ConsumerSettings): Promise<Consumer>;
  /** Publishes events, all in one transaction. */
  publish(...events: MessageInitShape<typeof CounterMovedSchema>[]): Promise<void>;
  /** The steps of a counter in the order in which they took effect. */
  steps(counterId: string): Promise<number[]>;
  countEffects(): Promise<number>;
  close(): Promise<void>;
}

/** Enough time between tries that a handler gets its turns, little enough for a test. */
const QUICK: Partial<RetryPolicy> = { attempts: 3, initialMs: 10, maxMs: 50 };

async function provision(database: TestDatabase): Promise<readonly ProvisionedModule[]> {
  const modules = [await database.provision("counter", [eventMigrations]), await database.provision("ledger", [eventMigrations, effects])];
  const members = modules.map(({ url }) => decodeURIComponent(new URL(url).username));
  await provisionBus(database.adminUrl, { rolePrefix: database.rolePrefix, members, logger: silentLogger });
  return modules;
}

export async function createEventModules(): Promise<EventModules> {
  const testDatabase = await createFurnishedDatabase("counter and ledger", provision);
  const [provisionedCounter, provisionedLedger] = testDatabase.modules as readonly [ProvisionedModule, ProvisionedModule];
  const open = async (module: ProvisionedModule) => ({
    ...module,
    database: await openDatabase({ url: module.url, schema: module.schema, entities: [], logger: silentLogger }),
  });
  const counter = await open(provisionedCounter);
  const ledger = await open(provisionedLedger);
  const publisher = createPublisher({ module: "counter", types: COUNTER_TYPES });
  const closers: (() => Promise<void>)[] = [];

  const modules: EventModules = {
    testDatabase,
    counter,
    ledger,
    publisher,
    async openBus(module, sharesDatabase = true) {
      const bus = await createPostgresBus({ url: modules[module].url, name: module, topics: [], sharesDatabase, logger: silentLogger });
      closers.push(() => bus.close());
      return bus;
    },
    async startRelay(bus) {
      const relay = await startRelay({
        module: "counter",
        url: counter.url,
        schema: counter.schema,
        bus: bus ?? (await modules.openBus("counter")),
        logger: silentLogger,
      });
      closers.push(() => relay.close());
      return relay;
    },
    async startConsumer(handler, { retry, bus, isNeeded } = {}) {
      const consumer = createConsumer({
        module: "ledger",
        types: COUNTER_TYPES,
        bus: bus ?? (await modules.openBus("ledger")),
        database: ledger.database,
        logger: silentLogger,
        retentionMs: 604_800_000,
        retry: { ...QUICK, ...retry },
      });
      consumer.subscribe(CounterMovedSchema, handler, isNeeded === undefined ? {} : { isNeeded });
      closers.push(() => consumer.close());
      await consumer.start();
      return consumer;
    },
    publish: (...events) =>
      counter.database.transaction(async (tx) => {
        for (const event of events) await publisher.publish(tx, CounterMovedSchema, event);
      }),
    steps: async (counterId) =>
      (
        await ledger.database.read((tx) =>
          tx.query<{ step: number }>("select step from effects where counter_id = $1 order by id", [counterId]),
        )
      ).map(({ step }) => step),
    async countEffects() {
      const [row] = await ledger.database.read((tx) => tx.query<{ count: number }>("select count(*)::int as count from effects"));
      return row?.count ?? 0;
    },
    async close() {
      for (const close of closers.reverse()) await close();
      await Promise.all([counter.database.close(), ledger.database.close()]);
      await testDatabase.drop();
    },
  };
  return modules;
}

/** The handler whose effect the tests count. */
export const recordEffect: EventHandler<typeof CounterMovedSchema> = async (event: CounterMoved, tx, { eventId }) => {
  await tx.query("insert into effects (event_id, counter_id, step) values ($1, $2, $3)", [eventId, event.counterId, event.step]);
};
