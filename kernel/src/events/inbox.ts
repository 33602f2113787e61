import { idFromUuid } from "../base/ids.ts";
import { ALL_TENANTS, type Database, type Transaction } from "../database/database.ts";
import { EVENT_ID_PREFIX } from "./envelope.ts";

/** Notes the events as handled by this transaction and answers those that were not before. Waits for a transaction that handles them now. */
export async function claimEvents(tx: Transaction, eventIds: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ event_id: string }>(
    "insert into inbox (event_id) select distinct id from unnest($1::text[]) as given (id) order by id on conflict do nothing returning event_id",
    [eventIds],
  );
  return new Set(rows.map((row) => row.event_id));
}

/** Removed in one statement; what is more waits for the next. */
const PRUNE_BATCH = 5_000;

/**
 * Forgets the events older than `ageMs`: no bus delivers them again. Ids sort by time, so the oldest are the first of
 * the index and no column for the time is needed.
 */
export async function pruneInbox(database: Database, ageMs: number): Promise<void> {
  const bound = oldestIdAt(Date.now() - ageMs);
  for (let removed = PRUNE_BATCH; removed === PRUNE_BATCH; ) {
    removed = await database.statement(
      async (tx) => {
        const [row] = await tx.query<{ count: number }>(
          `with gone as (delete from inbox where event_id in (select event_id from inbox where event_id < $1 order by event_id limit $2) returning 1)
           select count(*)::int as count from gone`,
          [bound, PRUNE_BATCH],
        );
        return row?.count ?? 0;
      },
      { tenantId: ALL_TENANTS },
    );
  }
}

function oldestIdAt(epochMs: number): string {
  return idFromUuid(EVENT_ID_PREFIX, `${Math.max(0, epochMs).toString(16).padStart(12, "0")}7${"0".repeat(19)}`);
}
