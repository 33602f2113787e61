import { runInContext } from "../base/request-context.ts";
import type { Database, Transaction } from "../database/database.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { storeDeadLetter } from "./dead-letters.ts";
import { eventContext } from "./event-context.ts";
import type { GroupHandler } from "./event-handlers.ts";
import { claimEvents } from "./inbox.ts";
import type { Incoming } from "./incoming.ts";

export type IncomingEvent = Incoming<GroupHandler>;
type ValidEvent = Extract<IncomingEvent, { invalid?: undefined }>;

export interface Applying {
  readonly module: string;
  readonly database: Database;
  readonly metrics: Pick<Metrics, "busConsumed" | "busDelay"> | undefined;
}

/** Longest time for the events of one transaction; a handler that hangs must not hold its partition for ever. */
export const HANDLING_MS = 60_000;

/**
 * Handles events in one transaction, in order: all take effect and are noted in the inbox, or none. Those noted before
 * are passed over, and so are those that need nothing; those whose data breaks their proto become dead letters, since no repetition would mend them.
 */
export async function applyEvents(applying: Applying, events: readonly IncomingEvent[]): Promise<void> {
  const signal = AbortSignal.timeout(HANDLING_MS);
  const needed: IncomingEvent[] = [];
  for (const event of events) if (await isNeeded(applying, event, signal)) needed.push(event);
  await applyNeeded(applying, needed, signal);
  if (applying.metrics !== undefined) {
    for (const { envelope } of events)
      applying.metrics.busDelay.with(envelope.type).observe((Date.now() - Date.parse(envelope.timestamp)) / 1000);
  }
}

async function isNeeded(
  { module, metrics }: Applying,
  { envelope, handler, message }: IncomingEvent,
  signal: AbortSignal,
): Promise<boolean> {
  if (message === undefined || handler.isNeeded === undefined) return true;
  const startedAt = performance.now();
  const needed = await runInContext(eventContext(module, envelope, signal), handler.isNeeded, message, envelope);
  if (!needed) metrics?.busConsumed.with(envelope.type, "ok").observe((performance.now() - startedAt) / 1000);
  return needed;
}

async function applyNeeded(applying: Applying, events: readonly IncomingEvent[], signal: AbortSignal): Promise<void> {
  const [first] = events;
  if (first === undefined) return;
  await applying.database.transaction(
    async (tx) => {
      const fresh = new Set(
        await claimEvents(
          tx,
          events.map(({ envelope }) => envelope.eventId),
        ),
      );
      const valid: ValidEvent[] = [];
      for (const event of events) {
        const { envelope, invalid } = event;
        // Also passes over the second of two equal ids in one batch.
        if (!fresh.delete(envelope.eventId)) continue;
        if (invalid === undefined) valid.push(event);
        else await storeDeadLetter(tx, envelope, { reason: invalid.reason, error: invalid.message, attempts: 1 });
      }
      let scoped = tx;
      for (const [first, ...more] of runsOf(valid)) {
        const { tenantId } = first.envelope;
        if (scoped.tenantId !== tenantId) scoped = await asTenant(tx, tenantId);
        await callHandler(applying, scoped, [first, ...more], signal);
      }
    },
    { tenantId: first.envelope.tenantId, signal },
  );
}

type Run = [ValidEvent, ...ValidEvent[]];

/** Neighbours of one handler and one tenant go together, where the handler wants it. */
function runsOf(events: readonly ValidEvent[]): Run[] {
  const runs: Run[] = [];
  for (const event of events) {
    const run = runs.at(-1);
    if (event.handler.together && run?.[0].handler === event.handler && run[0].envelope.tenantId === event.envelope.tenantId)
      run.push(event);
    else runs.push([event]);
  }
  return runs;
}

/** One handler for events of its type and of one tenant, in the context of the first. */
export async function callHandler(
  { module, metrics }: Applying,
  tx: Transaction,
  events: readonly [ValidEvent, ...ValidEvent[]],
  signal: AbortSignal,
): Promise<void> {
  const [{ envelope, handler }] = events;
  const startedAt = performance.now();
  let outcome: "ok" | "retry" = "retry";
  try {
    const received = events.map(({ message, envelope }) => ({ event: message, envelope }));
    await runInContext(eventContext(module, envelope, signal), handler.handle, received, tx);
    outcome = "ok";
  } finally {
    const seconds = (performance.now() - startedAt) / 1000 / events.length;
    for (const _ of events) metrics?.busConsumed.with(envelope.type, outcome).observe(seconds);
  }
}

/** The same transaction with the rows of another tenant. */
async function asTenant(tx: Transaction, tenantId: string): Promise<Transaction> {
  await tx.query("select set_config('plinth.tenant', $1, true)", [tenantId]);
  return { ...tx, tenantId };
}
