import type { MessageInitShape } from "@bufbuild/protobuf";
import { newId } from "@plinth/kernel/base";
import { type AuditEntry, type AuditEntrySchema, Outcome as Message } from "@plinth/proto/audit/v1/audit_pb";
import type { Entry, NewEntry, Outcome } from "../domain/entry.ts";
import { timestampOf, timestampText } from "./timestamp-text.ts";

const OUTCOMES: Record<Outcome, Message> = { success: Message.SUCCESS, failure: Message.FAILURE, denied: Message.DENIED };

/** Undefined for "not said". */
export function outcomeOf(message: Message): Outcome | undefined {
  return (Object.keys(OUTCOMES) as Outcome[]).find((outcome) => OUTCOMES[outcome] === message);
}

/** Where an entry comes from: what the recorder says of it counts less, or not at all. */
export interface Recorder {
  readonly module: string;
  /** For entries that name none. */
  readonly tenantId: string;
  /** Names the field of a broken rule: `entry`, `entries[3]`. */
  readonly field: string;
}

export function newEntryOf(entry: AuditEntry, { module, tenantId, field }: Recorder): NewEntry {
  return {
    id: entry.id === "" ? newId("aud") : entry.id,
    tenantId: entry.tenantId === "" ? tenantId : entry.tenantId,
    userId: entry.userId,
    action: entry.action,
    resource: entry.resource,
    resourceId: entry.resourceId,
    // The proto's rules let no other value through.
    outcome: outcomeOf(entry.outcome) ?? "failure",
    ipAddress: entry.ipAddress,
    userAgent: entry.userAgent,
    metadata: entry.metadata,
    occurredAt: entry.timestamp && timestampText(entry.timestamp, `${field}.timestamp`),
    requestId: entry.requestId,
    traceId: entry.traceId,
    module,
  };
}

export function entryMessage(entry: Entry): MessageInitShape<typeof AuditEntrySchema> {
  const { occurredAt, recordedAt, sequence, outcome, metadata, ...same } = entry;
  return {
    ...same,
    metadata: { ...metadata },
    outcome: OUTCOMES[outcome],
    timestamp: timestampOf(occurredAt),
    recordedAt: timestampOf(recordedAt),
    ...(sequence === undefined ? {} : { sequence: BigInt(sequence) }),
  };
}
