import { ALL_TENANTS, type Transaction } from "@plinth/kernel/database";
import { type NewEntry, storableEntry } from "../domain/entry.ts";

const RECORD = "select record_entries($1)";
const SET_TENANT = "select set_config('plinth.tenant', $1, true)";

/** Stores what is not stored yet, in the caller's transaction, whatever tenants the entries belong to. */
export async function insertEntries(tx: Transaction, entries: readonly NewEntry[]): Promise<void> {
  const rows = JSON.stringify(distinct(entries).map(rowOf));
  if (tx.tenantId === ALL_TENANTS || entries.every(({ tenantId }) => tenantId === tx.tenantId)) {
    await tx.query(RECORD, [rows]);
    return;
  }
  // The tenant of the transaction hides the rows of others, so it is lifted for this statement.
  await tx.query(SET_TENANT, [ALL_TENANTS]);
  await tx.query(RECORD, [rows]);
  await tx.query(SET_TENANT, [tx.tenantId]);
}

/** The first of those with the same tenant and id. */
function distinct(entries: readonly NewEntry[]): NewEntry[] {
  const [only] = entries;
  if (entries.length === 1 && only !== undefined) return [storableEntry(only)];
  const known = new Set<string>();
  return entries.map(storableEntry).filter(({ tenantId, id }) => {
    const key = `${tenantId}\0${id}`;
    return !known.has(key) && known.add(key);
  });
}

/** Names of the columns that `record_entries` takes. */
function rowOf(entry: NewEntry): Record<string, unknown> {
  return {
    tenant_id: entry.tenantId,
    id: entry.id,
    occurred_at: entry.occurredAt ?? null,
    user_id: entry.userId,
    action: entry.action,
    resource: entry.resource,
    resource_id: entry.resourceId,
    outcome: entry.outcome,
    module: entry.module,
    ip_address: entry.ipAddress,
    user_agent: entry.userAgent,
    request_id: entry.requestId,
    trace_id: entry.traceId,
    metadata: entry.metadata,
  };
}
