import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { Outcome } from "@plinth/proto/audit/v1/audit_pb";
import type { AuditRecordedSchema } from "@plinth/proto/audit/v1/events_pb";
import { newId } from "../base/ids.ts";
import { currentContext, DEFAULT_TENANT } from "../base/request-context.ts";
import { ALL_TENANTS, type Statement } from "../database/database.ts";

/** What one audit entry says; who acted, where and in which trace is taken from the current request. */
export interface AuditEntry {
  /** Past tense of the act, dotted: `user.login`, `role.assigned`. */
  readonly action: string;
  /** Kind of the thing acted on: `user`. */
  readonly resource: string;
  readonly resourceId: string;
  readonly outcome: "success" | "failure" | "denied";
  /** Overrides the current user: at a login there is none yet. */
  readonly userId?: string;
  readonly metadata?: Record<string, string>;
}

const OUTCOMES = { success: Outcome.SUCCESS, failure: Outcome.FAILURE, denied: Outcome.DENIED } as const;
/** As long as the proto allows; clients may send anything. */
const USER_AGENT_LENGTH = 1024;
const ADDRESS_LENGTH = 64;

/** The entry as `module` publishes it. */
export function auditRecorded(module: string, tx: Statement, entry: AuditEntry): MessageInitShape<typeof AuditRecordedSchema> {
  const context = currentContext();
  return {
    entryId: newId("aud"),
    entry: {
      userId: entry.userId ?? context?.user?.id ?? "",
      action: entry.action,
      resource: entry.resource,
      resourceId: entry.resourceId,
      outcome: OUTCOMES[entry.outcome],
      ipAddress: context?.clientAddress?.slice(0, ADDRESS_LENGTH) ?? "",
      userAgent: context?.userAgent?.slice(0, USER_AGENT_LENGTH) ?? "",
      metadata: entry.metadata ?? {},
      timestamp: timestampNow(),
      requestId: context?.requestId ?? "",
      traceId: context?.traceId ?? "",
      tenantId: tx.tenantId === ALL_TENANTS ? (context?.tenantId ?? DEFAULT_TENANT) : tx.tenantId,
      module,
    },
  };
}
