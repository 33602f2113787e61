import { AuditRecordedSchema } from "@plinth/proto/audit/v1/events_pb";
import type { Transaction } from "../database/database.ts";
import { type AuditEntry, auditRecorded } from "./audit-entry.ts";
import type { Publisher } from "./outbox.ts";

export type Auditor = (tx: Transaction, entry: AuditEntry) => Promise<void>;

/** Publishes audit entries in the name of `module`, in the transaction of what they tell of. */
export function createAuditor(module: string, publisher: Publisher): Auditor {
  return (tx, entry) => publisher.publish(tx, AuditRecordedSchema, auditRecorded(module, tx, entry));
}
