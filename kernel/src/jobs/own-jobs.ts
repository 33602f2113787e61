import type { Notification, PoolClient } from "pg";
import { escapeIdentifier, escapeLiteral } from "pg";

/** The one that the library notifies and hears, whatever schema the job is in. */
const SHARED_CHANNEL = "jobs:insert";

/** SQL that tells the workers of this queue, and no others, of the job with this id; the id keeps several of one transaction apart. */
export function tellSql(schema: string, id: string): string {
  return `pg_notify(${escapeLiteral(schema)}, ${id}::text)`;
}

/**
 * Lets the library's listening client hear of the jobs of this queue only: on its own channel the workers of every module would look for each job of
 * any other. What is told to nobody, as the next time of a cron, is found by the library's poll. To be called once its LISTEN is done; the answer ends it.
 */
export async function hearOwnJobs(client: PoolClient, schema: string): Promise<() => void> {
  const forward = ({ channel, processId }: Notification): void => {
    if (channel === schema) client.emit("notification", { channel: SHARED_CHANNEL, processId, payload: "" });
  };
  client.on("notification", forward);
  await client.query(`unlisten ${escapeIdentifier(SHARED_CHANNEL)}; listen ${escapeIdentifier(schema)}`);
  return () => {
    client.off("notification", forward);
    // A connection that is gone hears nothing anyway.
    client.query(`unlisten ${escapeIdentifier(schema)}`).catch(() => undefined);
  };
}
