/**
 * What a bus driver must do. Delivery is at least once and in order per key; the inbox (`inbox.ts`) makes the
 * effect once. The contract suite `bus-contract.ts` runs on every driver.
 */

/** An event as it travels: CloudEvents 1.0 attributes plus ours. `data` is proto3 JSON. */
export interface Envelope {
  readonly eventId: string;
  /** Message name without package: `PromotionCreated`. */
  readonly eventType: string;
  /** Dotted type: `promotion.created`. */
  readonly type: string;
  readonly topic: string;
  readonly version: string;
  /** RFC 3339 with milliseconds. */
  readonly timestamp: string;
  /** `<module>-service`. */
  readonly source: string;
  readonly tenantId: string;
  readonly key: string;
  /** W3C traceparent of the publisher, empty where it had none. */
  readonly traceparent: string;
  readonly data: unknown;
}

export interface Delivery {
  readonly envelope: Envelope;
  readonly partition: number;
  /** Position in the partition; grows, may have gaps. */
  readonly offset: bigint;
  /** 1 on the first try. */
  readonly attempt: number;
}

export interface SubscribeOptions {
  /** Consumer group, the module's name: each event goes to one member of it. Absent: broadcast, every subscriber sees every event. */
  readonly group?: string;
  readonly topics: readonly string[];
  /** Where a group without a position, or a broadcast, begins. `{ageMs}`: with events not older than this. */
  readonly from: "earliest" | "latest" | { readonly ageMs: number };
  /** At most this many deliveries of one partition in one call of `handle`, in order. They are all of one partition unless `gatherMs` is given. */
  readonly batchSize: number;
  /** Waits so long for more after the first, then hands what came in all partitions over at once. */
  readonly gatherMs?: number;
}

export interface Subscription {
  pause(): void;
  resume(): void;
  /** Resolves after the batch in hand is handled and its position stored. */
  close(): Promise<void>;
}

export interface Bus {
  /** Sends in order; resolves when the bus has them durably. Sending the same eventId twice is allowed. */
  send(envelopes: readonly Envelope[]): Promise<void>;
  /**
   * Where the outbox lies in the bus's own database: moves its next rows into the bus, in order, exactly once, and answers how many.
   * Absent elsewhere: then the relay sends, and deletes what was sent.
   */
  readonly moveOutbox?: (schema: string, limit: number) => Promise<number>;
  /** `handle` resolves when the whole batch took effect: the position moves then, and not before. A rejection delivers the batch again after a back-off. */
  subscribe(options: SubscribeOptions, handle: (batch: readonly Delivery[]) => Promise<void>): Promise<Subscription>;
  /** Messages not yet handled, by group and topic. */
  lag(group: string): Promise<Record<string, number>>;
  close(): Promise<void>;
}
