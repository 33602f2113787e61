import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { runInContext } from "../base/request-context.ts";
import type { Logger } from "../logging/logger.ts";
import type { Delivery, Envelope } from "./bus.ts";
import { eventContext } from "./event-context.ts";
import type { BroadcastHandler } from "./event-handlers.ts";
import type { Incoming } from "./incoming.ts";

export interface Broadcasting {
  readonly module: string;
  readonly logger: Logger;
  readonly read: (envelope: Envelope) => Incoming<BroadcastHandler<DescMessage>> | undefined;
  readonly closing: AbortSignal;
}

/** Deliveries of a batch whose listener fails, before the event is passed over: a cache cannot wait for one event for ever. */
const ATTEMPTS = 5;

/** Hands a batch to the listeners. A failing listener has the batch delivered again, so listeners must bear repetitions. */
export async function deliverBroadcast({ module, logger, read, closing }: Broadcasting, batch: readonly Delivery[]): Promise<void> {
  for (const { envelope, attempt } of batch) {
    const event = read(envelope);
    if (event === undefined) continue;
    const about = { type: envelope.type, eventId: envelope.eventId };
    if (event.invalid !== undefined) {
      logger.error("An event breaks the rules of its proto; it is passed over", { ...about, error: event.invalid });
      continue;
    }
    try {
      await runInContext(eventContext(module, envelope, closing), event.handler, event.message as MessageShape<DescMessage>, envelope);
    } catch (error) {
      if (attempt < ATTEMPTS) throw error;
      logger.error("A listener failed again and again; the event is passed over", { ...about, error });
    }
  }
}
