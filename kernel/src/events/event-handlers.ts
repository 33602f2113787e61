import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Transaction } from "../database/database.ts";
import type { Envelope } from "./bus.ts";

/** Its writes in `tx` commit together with the note that the event was handled. Effects elsewhere may be repeated. */
export type EventHandler<M extends DescMessage> = (event: MessageShape<M>, tx: Transaction, envelope: Envelope) => Promise<void>;

export interface SubscriptionOptions<M extends DescMessage> {
  /**
   * Looks before the transaction in which the event would be handled; an event that needs nothing is passed over, and costs no more than this look. It is asked
   * before other events that came together take effect, and perhaps again: so it must say yes where it cannot know. Throwing is a try that failed.
   */
  readonly isNeeded?: (event: MessageShape<M>, envelope: Envelope) => Promise<boolean>;
}

/** One of several events that are handled together. */
export interface ReceivedEvent<M extends DescMessage> {
  readonly event: MessageShape<M>;
  readonly envelope: Envelope;
}

/** The same for all events that come together, in their order; all of them are of the tenant of `tx`. */
export type EventsHandler<M extends DescMessage> = (events: readonly ReceivedEvent<M>[], tx: Transaction) => Promise<void>;

/** What a group does with events of one type. */
export interface GroupHandler {
  /** Whether events that come together are handed over together, or each by itself. */
  readonly together: boolean;
  readonly isNeeded?: SubscriptionOptions<DescMessage>["isNeeded"];
  readonly handle: EventsHandler<DescMessage>;
}

/** Hears every event in every instance; nothing notes that it did. */
export type BroadcastHandler<M extends DescMessage> = (event: MessageShape<M>, envelope: Envelope) => void | Promise<void>;
