import { type Module, topics } from "@plinth/module";
import type { Transaction } from "../database/database.ts";
import { createAuditor } from "../events/audit.ts";
import type { AuditEntry } from "../events/audit-entry.ts";
import { type Consumer, createConsumer } from "../events/consumer.ts";
import { publishedTypes, subscribedTypes } from "../events/declared-events.ts";
import { createPublisher, type Publisher } from "../events/outbox.ts";
import { type Relay, startRelay } from "../events/relay.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { Logger } from "../logging/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { ModuleStorage } from "./module-storage.ts";
import type { Place } from "./place.ts";

export interface MessagingParts {
  readonly module: Module;
  readonly place: Place;
  readonly storage: ModuleStorage | undefined;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly lifecycle: Lifecycle;
}

/** What a module says to others and hears from them. */
export interface Messaging extends Publisher, Pick<Consumer, "subscribe" | "subscribeTogether" | "listen"> {
  audit(tx: Transaction, entry: AuditEntry): Promise<void>;
  /** Begins to send what the outbox holds and to hand events to the handlers. */
  start(): Promise<void>;
  /** Finishes the batches in hand; what is left in the outbox is sent by the next start. */
  stop(): Promise<void>;
}

/** A module without database and without events has no business with the bus, and no connection to it. */
export async function openMessaging(parts: MessagingParts): Promise<Messaging> {
  const { module, place, storage, logger, metrics, lifecycle } = parts;
  const { name } = module.metadata;
  const publisher = createPublisher({ module: name, types: publishedTypes(module), metrics });
  const audit = createAuditor(name, publisher);
  const talk = { publish: publisher.publish, prepare: publisher.prepare, audit };
  if (storage === undefined && module.spec.events === undefined) return { ...talk, ...withoutBus(name) };

  const bus = await place.busFor(module);
  lifecycle.onStop("bus", () => bus.close());
  const consumer = createConsumer({
    module: name,
    types: subscribedTypes(module),
    bus,
    database: storage?.database,
    logger,
    metrics,
    retentionMs: longestRetention(place),
  });
  metrics.beforeReading(async () => {
    for (const [topic, lag] of Object.entries(await consumer.lag())) metrics.busLag.with(name, topic).set(lag);
  });
  let relay: Relay | undefined;
  return {
    ...talk,
    subscribe: consumer.subscribe,
    subscribeTogether: consumer.subscribeTogether,
    listen: consumer.listen,
    async start() {
      if (storage !== undefined) relay = await startRelay({ module: name, url: storage.url, schema: storage.schema, bus, logger });
      await consumer.start();
    },
    async stop() {
      await consumer.close();
      await relay?.close();
    },
  };
}

function withoutBus(name: string): Pick<Messaging, "subscribe" | "subscribeTogether" | "listen" | "start" | "stop"> {
  const refuse = (): never => {
    throw new Error(`Module ${name} declares no events; add them to spec.events in its module.yaml.`);
  };
  return { subscribe: refuse, subscribeTogether: refuse, listen: refuse, start: async () => {}, stop: async () => {} };
}

/** The inbox remembers for as long as the bus may deliver again. */
function longestRetention(place: Place): number {
  return Math.max(...topics(place.modules.current.modules).map(({ retentionMs }) => retentionMs));
}
