import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { runInContext } from "../base/request-context.ts";
import type { Database, Transaction } from "../database/database.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { storeDeadLetter } from "./dead-letters.ts";
import { eventContext } from "./event-context.ts";
import type { EventHandler } from "./event-handlers.ts";
import { claimEvents } from "./inbox.ts";
import type { Incoming } from "./incoming.ts";

export type IncomingEvent = Incoming<EventHandler<DescMessage>>;

export interface Applying {
  readonly module: string;
  readonly database: Database;
  readonly metrics: Pick<Metrics, "busConsumed" | "busDelay"> | undefined;
}

/** Longest time for the events of one transaction; a handler that hangs must not hold its partition for ever. */
export const HANDLING_MS = 60_000;

/**
 * Handles events in one transaction, in order: all take effect and are noted in the inbox, or none. Those noted before
 * are passed over; those whose data breaks their proto become dead letters, since no repetition would mend them.
 */
export async function applyEvents(applying: Applying, events: readonly IncomingEvent[]): Promise<void> {
  const [first] = events;
  if (first === undefined) return;
  const signal = AbortSignal.timeout(HANDLING_MS);
  await applying.database.transaction(
    async (tx) => {
      const fresh = new Set(
        await claimEvents(
          tx,
          events.map(({ envelope }) => envelope.eventId),
        ),
      );
      let scoped = tx;
      for (const event of events) {
        const { envelope, invalid } = event;
        // Also passes over the second of two equal ids in one batch.
        if (!fresh.delete(envelope.eventId)) continue;
        if (invalid !== undefined) {
          await storeDeadLetter(tx, envelope, { reason: invalid.reason, error: invalid.message, attempts: 1 });
          continue;
        }
        if (scoped.tenantId !== envelope.tenantId) scoped = await asTenant(tx, envelope.tenantId);
        await callHandler(applying, scoped, event, signal);
      }
    },
    { tenantId: first.envelope.tenantId, signal },
  );
  if (applying.metrics !== undefined) {
    for (const { envelope } of events)
      applying.metrics.busDelay.with(envelope.type).observe((Date.now() - Date.parse(envelope.timestamp)) / 1000);
  }
}

/** One handler in the context of its event. */
export async function callHandler(
  { module, metrics }: Applying,
  tx: Transaction,
  { envelope, handler, message }: IncomingEvent,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = performance.now();
  let outcome: "ok" | "retry" = "retry";
  try {
    await runInContext(eventContext(module, envelope, signal), handler, message as MessageShape<DescMessage>, tx, envelope);
    outcome = "ok";
  } finally {
    metrics?.busConsumed.with(envelope.type, outcome).observe((performance.now() - startedAt) / 1000);
  }
}

/** The same transaction with the rows of another tenant. */
async function asTenant(tx: Transaction, tenantId: string): Promise<Transaction> {
  await tx.query("select set_config('plinth.tenant', $1, true)", [tenantId]);
  return { ...tx, tenantId };
}
