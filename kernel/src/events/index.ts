/** Events: outbox, bus and inbox. What is exported here is public. */
export { type AuditEntry, type Auditor, createAuditor } from "./audit.ts";
export type { Bus, Delivery, Envelope, SubscribeOptions, Subscription } from "./bus.ts";
export { type Consumer, type ConsumerOptions, createConsumer } from "./consumer.ts";
export { type DeadLetter, discardDeadLetter, listDeadLetters, replayDeadLetter } from "./dead-letters.ts";
export { checkDeclaredEvents, publishedTypes, subscribedTypes } from "./declared-events.ts";
export { describeEvent, type EventDescription, eventsOf, isEvent } from "./describe-event.ts";
export { leaveBus, type MemberToRemove } from "./drivers/leave-bus.ts";
export { createMemoryBus } from "./drivers/memory-bus.ts";
export { createPostgresBus, type PostgresBusOptions } from "./drivers/postgres-bus.ts";
export type { TopicSettings } from "./drivers/postgres-log.ts";
export { type BusToProvision, provisionBus } from "./drivers/provision-bus.ts";
export type { BroadcastHandler, EventHandler } from "./event-handlers.ts";
export { eventMigrations } from "./event-tables.ts";
export type { RetryPolicy } from "./handle-batch.ts";
export { buildEventJsonSchema, type JsonSchema } from "./json-schema.ts";
export { createPublisher, outboxDepth, type Publisher, type PublisherOptions } from "./outbox.ts";
export { type Relay, type RelayOptions, startRelay } from "./relay.ts";
export { type TailOptions, tail } from "./tail.ts";
