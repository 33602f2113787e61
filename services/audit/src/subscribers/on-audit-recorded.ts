import type { Transaction } from "@plinth/kernel/database";
import type { EventsHandler } from "@plinth/kernel/service";
import type { AuditRecordedSchema } from "@plinth/proto/audit/v1/events_pb";
import type { NewEntry } from "../domain/entry.ts";
import { newEntryOf } from "../messages/entry-message.ts";

/** Stores entries in the transaction of their event. */
export type RecordInTransaction = (tx: Transaction, entries: readonly NewEntry[]) => Promise<void>;

/** The recording module is the one that sent the event, whatever its entry says; the same entry twice is recorded once. */
export function onAuditRecorded(record: RecordInTransaction): EventsHandler<typeof AuditRecordedSchema> {
  return async (events, tx) => {
    const entries = events.flatMap(({ event: { entryId, entry }, envelope: { source, tenantId } }) => {
      // The proto's rules refuse an event without one.
      if (entry === undefined) return [];
      entry.id = entryId;
      return [newEntryOf(entry, { module: source.replace(/-service$/, ""), tenantId, field: "entry" })];
    });
    await record(tx, entries);
  };
}
