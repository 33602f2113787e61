import type { Entry, Outcome } from "../domain/entry.ts";

/** A row of `entries`, times as text: a JavaScript date would lose the microseconds, and with them the hash. */
export interface EntryRow {
  readonly tenant_id: string;
  readonly id: string;
  readonly recorded: string;
  readonly occurred: string;
  readonly user_id: string;
  readonly action: string;
  readonly resource: string;
  readonly resource_id: string;
  readonly outcome: Outcome;
  readonly module: string;
  readonly ip_address: string;
  readonly user_agent: string;
  readonly request_id: string;
  readonly trace_id: string;
  readonly metadata: Record<string, string>;
}

const RFC_3339 = `'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'`;

/** SQL: a timestamptz as RFC 3339 in UTC with microseconds, whatever the session's settings are. */
export function asRfc3339(column: string): string {
  return `to_char(${column} at time zone 'utc', ${RFC_3339})`;
}

/** SQL: what `entryOf` reads. `alias` is that of `entries`. */
export function entryColumns(alias: string): string {
  const plain = ["tenant_id", "id", "user_id", "action", "resource", "resource_id", "outcome", "module", "ip_address", "user_agent"];
  const columns = [...plain, "request_id", "trace_id", "metadata"].map((column) => `${alias}.${column}`);
  return `${columns.join(", ")}, ${asRfc3339(`${alias}.recorded_at`)} as recorded, ${asRfc3339(`${alias}.occurred_at`)} as occurred`;
}

export function entryOf(row: EntryRow, sequence: number | undefined): Entry {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    userId: row.user_id,
    action: row.action,
    resource: row.resource,
    resourceId: row.resource_id,
    outcome: row.outcome,
    ipAddress: row.ip_address,
    userAgent: row.user_agent,
    metadata: row.metadata,
    occurredAt: row.occurred,
    recordedAt: row.recorded,
    requestId: row.request_id,
    traceId: row.trace_id,
    module: row.module,
    sequence,
  };
}
