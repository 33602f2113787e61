import type { ParsedCronItem } from "graphile-worker";
import type { Pool } from "pg";
import { quoteIdentifier } from "../database/module-roles.ts";

/** How far back a missed time is made up for. */
export const CRON_BACKFILL_MS = 3_600_000;
const MINUTE_MS = 60_000;

/**
 * After a pause the library makes up for every missed time, one run each. One is enough, so the others are noted as
 * done: each cron is set to just before its latest missed time.
 */
export async function skipAllButLastMissed(pool: Pool, schema: string, items: readonly ParsedCronItem[]): Promise<void> {
  const now = Date.now();
  const latest = items.flatMap((item) => {
    const missed = latestMatch(item, now);
    return missed === undefined ? [] : [{ identifier: item.identifier, before: new Date(missed - MINUTE_MS).toISOString() }];
  });
  if (latest.length === 0) return;
  await pool.query(
    `update ${quoteIdentifier(schema)}._private_known_crontabs known set last_execution = latest.before
     from json_to_recordset($1) as latest (identifier text, before timestamptz)
     where known.identifier = latest.identifier and coalesce(known.last_execution, known.known_since) < latest.before`,
    [JSON.stringify(latest)],
  );
}

function latestMatch(item: ParsedCronItem, now: number): number | undefined {
  for (let time = now - (now % MINUTE_MS); time > now - CRON_BACKFILL_MS; time -= MINUTE_MS) {
    const at = new Date(time);
    const digest = {
      min: at.getUTCMinutes(),
      hour: at.getUTCHours(),
      date: at.getUTCDate(),
      month: at.getUTCMonth() + 1,
      dow: at.getUTCDay(),
    };
    if (item.match(digest)) return time;
  }
  return undefined;
}
