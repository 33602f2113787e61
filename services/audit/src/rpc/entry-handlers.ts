import type { MessageInitShape } from "@bufbuild/protobuf";
import { unauthorized } from "@plinth/kernel/base";
import type { CallContext, Handlers } from "@plinth/kernel/rpc";
import type { AuditService, ExportRequest, QueryRequest } from "@plinth/proto/audit/v1/audit_pb";
import type { HttpBodySchema } from "@plinth/proto/google/api/httpbody_pb";
import type { EntryFilter, RecordStore } from "../domain/record-store.ts";
import { entryMessage, newEntryOf, outcomeOf, type Recorder } from "../messages/entry-message.ts";
import { type ExportText, exportText } from "../messages/export-text.ts";
import { timestampText } from "../messages/timestamp-text.ts";
import type { ReadTenant } from "./read-tenant.ts";

type EntryHandlers = Pick<Handlers<typeof AuditService>, "record" | "recordBatch" | "query" | "export">;

/** @param onExport told before the first line is sent, so that the export is on record too. */
export function entryHandlers(
  store: RecordStore,
  tenantOf: ReadTenant,
  onExport: (tenantId: string, format: string) => Promise<void>,
): EntryHandlers {
  return {
    async record({ entry }, context) {
      // The proto's rules refuse a request without one.
      if (entry === undefined) return { success: false };
      const recorded = newEntryOf(entry, recorder(context, "entry"));
      await store.record([recorded]);
      return { success: true, id: recorded.id };
    },

    async recordBatch({ entries }, context) {
      const recorded = entries.map((entry, index) => newEntryOf(entry, recorder(context, `entries[${index}]`)));
      await store.record(recorded);
      return { success: true, ids: recorded.map(({ id }) => id) };
    },

    async query(request, context) {
      const tenantId = await tenantOf(request.tenantId, context);
      const { limit, offset, pageToken } = request;
      const page = await store.query(
        tenantId,
        { ...filterOf(request), outcome: outcomeOf(request.outcome) },
        { limit, offset, token: pageToken },
      );
      return { entries: page.items.map(entryMessage), total: page.total, nextPageToken: page.nextPageToken };
    },

    async *export(request, context) {
      const tenantId = await tenantOf(request.tenantId, context);
      const text = exportText(request.format);
      await onExport(tenantId, text.extension);
      const name = `audit-${tenantId}-${new Date().toISOString().slice(0, 10)}.${text.extension}`;
      context.responseHeaders.set("content-disposition", `attachment; filename="${name}"`);
      yield chunk(text, text.head);
      for await (const entries of store.scan(tenantId, { ...filterOf(request), outcome: undefined })) {
        yield chunk(text, entries.map((entry) => text.entry(entry)).join(""));
      }
    },
  };
}

function chunk({ contentType }: ExportText, text: string): MessageInitShape<typeof HttpBodySchema> {
  return { contentType, data: new TextEncoder().encode(text) };
}

function recorder({ caller, tenantId }: CallContext, field: string): Recorder {
  if (caller === undefined) throw unauthorized("Only modules record.", { reason: "MISSING_TOKEN" });
  return { module: caller, tenantId, field };
}

function filterOf(request: QueryRequest | ExportRequest): Omit<EntryFilter, "outcome"> {
  const { userId, action, resource, resourceId, startTime, endTime } = request;
  return {
    userId,
    action,
    resource,
    resourceId,
    startTime: startTime && timestampText(startTime, "start_time"),
    endTime: endTime && timestampText(endTime, "end_time"),
  };
}
