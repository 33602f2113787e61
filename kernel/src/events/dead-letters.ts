import { notFound } from "../base/errors.ts";
import type { Page, PageRequest } from "../base/page.ts";
import { ALL_TENANTS, type Database, type Transaction } from "../database/database.ts";
import { listPage } from "../database/pagination.ts";
import type { Envelope } from "./bus.ts";

/** An event whose handler gave up on it. */
export interface DeadLetter {
  readonly envelope: Envelope;
  /** The reason of the last error: `INTERNAL_ERROR`, `VALIDATION_ERROR`, one of the module. */
  readonly reason: string;
  /** The last error in words, with its cause. */
  readonly error: string;
  readonly attempts: number;
  readonly failedAt: Date;
  /** A replay was asked for and has not been tried yet. */
  readonly replayRequested: boolean;
}

/** Longest kept text of an error. */
const ERROR_LENGTH = 4_000;

export async function storeDeadLetter(
  tx: Transaction,
  envelope: Envelope,
  failure: { reason: string; error: string; attempts: number },
): Promise<void> {
  await tx.query(
    `insert into dead_letters (event_id, topic, type, key, tenant_id, envelope, reason, error, attempts)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     on conflict (event_id) do update set reason = excluded.reason, error = excluded.error, attempts = dead_letters.attempts + excluded.attempts,
       failed_at = now(), replay_requested_at = null`,
    [
      envelope.eventId,
      envelope.topic,
      envelope.type,
      storable(envelope.key),
      storable(envelope.tenantId),
      JSON.stringify(envelope),
      failure.reason,
      storable(failure.error.slice(0, ERROR_LENGTH)),
      failure.attempts,
    ],
  );
}

/** The one character that Postgres takes in no text: a letter that could not be stored would come back for ever. */
function storable(text: string): string {
  return text.replaceAll("\0", "\uFFFD");
}

/** Oldest first. */
export async function listDeadLetters(database: Database, page: PageRequest): Promise<Page<DeadLetter>> {
  return database.read(
    (tx) =>
      listPage<DeadLetter & Record<string, unknown>>(tx, {
        sql: `select event_id, envelope, reason, error, attempts, failed_at as "failedAt", replay_requested_at is not null as "replayRequested"
              from dead_letters`,
        order: [
          { by: "failedAt", direction: "asc" },
          { by: "event_id", direction: "asc" },
        ],
        page,
      }),
    { tenantId: ALL_TENANTS },
  );
}

/** Asks the module's consumer to handle the event anew; it does so within about a second. Throws NOT_FOUND. */
export async function replayDeadLetter(database: Database, eventId: string): Promise<void> {
  await change(database, "update dead_letters set replay_requested_at = now() where event_id = $1 returning event_id", eventId);
}

/** Gives the event up for good. Throws NOT_FOUND. */
export async function discardDeadLetter(database: Database, eventId: string): Promise<void> {
  await change(database, "delete from dead_letters where event_id = $1 returning event_id", eventId);
}

/** Those to be handled anew, by order of their failing; a glance at an index that is mostly empty. */
export async function listRequestedReplays(database: Database, limit: number): Promise<Envelope[]> {
  const rows = await database.read(
    (tx) =>
      tx.query<{ envelope: Envelope }>(
        "select envelope from dead_letters where replay_requested_at is not null order by failed_at, event_id limit $1",
        [limit],
      ),
    { tenantId: ALL_TENANTS },
  );
  return rows.map(({ envelope }) => envelope);
}

/** Removes the letter in the transaction that handles it. False where somebody else has done so, or nobody wants it any more. */
export async function takeDeadLetter(tx: Transaction, eventId: string): Promise<boolean> {
  const rows = await tx.query("delete from dead_letters where event_id = $1 and replay_requested_at is not null returning event_id", [
    eventId,
  ]);
  return rows.length > 0;
}

async function change(database: Database, sql: string, eventId: string): Promise<void> {
  const rows = await database.statement((tx) => tx.query(sql, [eventId]), { tenantId: ALL_TENANTS });
  if (rows.length === 0) throw notFound(`There is no dead letter ${eventId}.`, { reason: "DEAD_LETTER_NOT_FOUND" });
}
