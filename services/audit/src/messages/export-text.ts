import { create, toJson } from "@bufbuild/protobuf";
import { AuditEntrySchema, ExportFormat } from "@plinth/proto/audit/v1/audit_pb";
import type { Entry } from "../domain/entry.ts";
import { entryMessage } from "./entry-message.ts";

/** How an export is written. */
export interface ExportText {
  readonly contentType: string;
  readonly extension: string;
  /** Before the first entry. */
  readonly head: string;
  entry(entry: Entry): string;
}

const NDJSON: ExportText = {
  contentType: "application/x-ndjson; charset=utf-8",
  extension: "ndjson",
  head: "",
  entry: (entry) =>
    `${JSON.stringify(toJson(AuditEntrySchema, create(AuditEntrySchema, entryMessage(entry)), { useProtoFieldName: true, alwaysEmitImplicit: true }))}\n`,
};

const COLUMNS: readonly (readonly [name: string, value: (entry: Entry) => string])[] = [
  ["sequence", ({ sequence }) => (sequence === undefined ? "" : String(sequence))],
  ["id", ({ id }) => id],
  ["timestamp", ({ occurredAt }) => occurredAt],
  ["recorded_at", ({ recordedAt }) => recordedAt],
  ["tenant_id", ({ tenantId }) => tenantId],
  ["user_id", ({ userId }) => userId],
  ["action", ({ action }) => action],
  ["resource", ({ resource }) => resource],
  ["resource_id", ({ resourceId }) => resourceId],
  ["outcome", ({ outcome }) => outcome],
  ["module", ({ module }) => module],
  ["ip_address", ({ ipAddress }) => ipAddress],
  ["user_agent", ({ userAgent }) => userAgent],
  ["request_id", ({ requestId }) => requestId],
  ["trace_id", ({ traceId }) => traceId],
  ["metadata", ({ metadata }) => JSON.stringify(metadata)],
];

const CSV: ExportText = {
  contentType: "text/csv; charset=utf-8; header=present",
  extension: "csv",
  head: `${COLUMNS.map(([name]) => name).join(",")}\r\n`,
  entry: (entry) => `${COLUMNS.map(([, value]) => csvCell(value(entry))).join(",")}\r\n`,
};

export function exportText(format: ExportFormat): ExportText {
  return format === ExportFormat.CSV ? CSV : NDJSON;
}

/** Quoted as RFC 4180 wants it. What a spreadsheet would run as a formula gets an apostrophe in front, which it shows as text. */
export function csvCell(value: string): string {
  const harmless = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
