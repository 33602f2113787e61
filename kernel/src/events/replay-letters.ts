import { notFound } from "../base/errors.ts";
import { ALL_TENANTS } from "../database/database.ts";
import { callHandler, HANDLING_MS, type IncomingEvent } from "./apply-events.ts";
import type { Envelope } from "./bus.ts";
import { listRequestedReplays, storeDeadLetter, takeDeadLetter } from "./dead-letters.ts";
import { type BatchHandling, describeFailure } from "./handle-batch.ts";

/** Replays of one round. */
const REPLAYS = 20;

/** Handles the dead letters that were asked for, each in a transaction with its removal. A failure puts it back, with the new error. */
export async function replayRequestedLetters(
  handling: BatchHandling,
  read: (envelope: Envelope) => IncomingEvent | undefined,
): Promise<void> {
  const { database, logger, closing } = handling;
  for (const envelope of await listRequestedReplays(database, REPLAYS)) {
    if (closing.aborted) return;
    const signal = AbortSignal.timeout(HANDLING_MS);
    try {
      await database.transaction(
        async (tx) => {
          if (!(await takeDeadLetter(tx, envelope.eventId))) return;
          const event = read(envelope);
          if (event === undefined) throw notFound(`This module no longer handles ${envelope.type}.`);
          if (event.invalid !== undefined) throw event.invalid;
          await callHandler(handling, tx, [event], signal);
        },
        { tenantId: envelope.tenantId, signal },
      );
      logger.info("A dead letter was replayed", { type: envelope.type, eventId: envelope.eventId });
    } catch (error) {
      logger.warn("The replay of a dead letter failed", { type: envelope.type, eventId: envelope.eventId, error });
      await database.transaction((tx) => storeDeadLetter(tx, envelope, { ...describeFailure(error), attempts: 1 }), {
        tenantId: ALL_TENANTS,
      });
    }
  }
}
