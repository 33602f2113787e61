import { setTimeout as delay } from "node:timers/promises";
import { PlinthError } from "../base/errors.ts";
import { ALL_TENANTS } from "../database/database.ts";
import { isConnectionFailure } from "../database/database-errors.ts";
import type { Logger } from "../logging/logger.ts";
import { type Applying, applyEvents, type IncomingEvent } from "./apply-events.ts";
import type { Envelope } from "./bus.ts";
import { storeDeadLetter } from "./dead-letters.ts";
import { claimEvents } from "./inbox.ts";

export interface RetryPolicy {
  /** Tries of an event before it becomes a dead letter. */
  readonly attempts: number;
  /** The same where the cause is likely to pass: another module is down, a deadline passed. */
  readonly transientAttempts: number;
  /** Wait after the first failure; doubles up to `maxMs`. */
  readonly initialMs: number;
  readonly maxMs: number;
}

export const RETRY: RetryPolicy = { attempts: 6, transientAttempts: 30, initialMs: 200, maxMs: 30_000 };

export interface BatchHandling extends Applying {
  readonly retry: RetryPolicy;
  readonly logger: Logger;
  /** Aborts at a stop: waits end, and what is not handled is left to the next who reads. */
  readonly closing: AbortSignal;
}

const TRANSIENT = new Set(["SERVICE_UNAVAILABLE", "TIMEOUT", "DEPENDENCY_FAILED", "RATE_LIMITED"]);

/**
 * Handles a batch of one partition. All in one transaction, which is what nearly always happens; if that fails, each
 * event in its own. An event that fails is tried again after a wait, and so long the later events of its key wait with
 * it, while other keys go on. Rejects only where the module's own database is away, or at a stop: the batch comes again then.
 */
export async function handleBatch(handling: BatchHandling, events: readonly IncomingEvent[]): Promise<void> {
  if (events.length > 1) {
    try {
      return await applyEvents(handling, events);
    } catch (error) {
      throwIfDatabaseIsAway(error);
      handling.logger.debug("A batch of events failed; they are handled one by one", { error });
    }
  }
  const failures = new Map<IncomingEvent, number>();
  let open = events;
  for (let round = 1; ; round++) {
    open = await handleEach(handling, open, failures);
    if (open.length === 0) return;
    const wait = Math.min(handling.retry.initialMs * 2 ** (round - 1), handling.retry.maxMs);
    await delay(wait, undefined, { signal: handling.closing });
  }
}

/** One try each. Answers those that stay open: the failed ones and those that wait behind them, in their order. */
async function handleEach(
  handling: BatchHandling,
  events: readonly IncomingEvent[],
  failures: Map<IncomingEvent, number>,
): Promise<IncomingEvent[]> {
  const open: IncomingEvent[] = [];
  const waitingKeys = new Set<string>();
  for (const event of events) {
    const { envelope } = event;
    if (waitingKeys.has(envelope.key)) {
      open.push(event);
      continue;
    }
    handling.closing.throwIfAborted();
    try {
      await applyEvents(handling, [event]);
    } catch (error) {
      throwIfDatabaseIsAway(error);
      const attempts = (failures.get(event) ?? 0) + 1;
      failures.set(event, attempts);
      if (attempts >= allowedAttempts(error, handling.retry)) {
        await giveUp(handling, envelope, error, attempts);
      } else {
        handling.logger.warn("An event could not be handled; it is tried again", {
          type: envelope.type,
          eventId: envelope.eventId,
          attempts,
          error,
        });
        waitingKeys.add(envelope.key);
        open.push(event);
      }
    }
  }
  return open;
}

async function giveUp({ database, logger, metrics }: BatchHandling, envelope: Envelope, error: unknown, attempts: number): Promise<void> {
  await database.transaction(
    async (tx) => {
      const fresh = await claimEvents(tx, [envelope.eventId]);
      if (fresh.size > 0) await storeDeadLetter(tx, envelope, { ...describeFailure(error), attempts });
    },
    { tenantId: ALL_TENANTS },
  );
  metrics?.busConsumed.with(envelope.type, "dead").observe(0);
  logger.error("An event was given up; it is kept as a dead letter", { type: envelope.type, eventId: envelope.eventId, attempts, error });
}

/** Reason and words of an error, down to its cause: a dead letter is read by those who run the platform. */
export function describeFailure(error: unknown): { reason: string; error: string } {
  const reason = error instanceof PlinthError ? error.reason : "INTERNAL_ERROR";
  const words: string[] = [];
  for (let cause = error, depth = 0; cause !== undefined && cause !== null && depth < 5; depth++) {
    words.push(cause instanceof Error ? cause.message : String(cause));
    cause = typeof cause === "object" && "cause" in cause ? cause.cause : undefined;
  }
  return { reason, error: words.join(": ") };
}

function allowedAttempts(error: unknown, retry: RetryPolicy): number {
  const transient = error instanceof PlinthError && (TRANSIENT.has(error.code) || error.reason === "ABORTED");
  return transient ? retry.transientAttempts : retry.attempts;
}

function throwIfDatabaseIsAway(error: unknown): void {
  if (isConnectionFailure(error) || (error instanceof PlinthError && isConnectionFailure(error.cause))) throw error;
}
