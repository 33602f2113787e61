import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";

const LOOK_EVERY_MS = 50;
/** So many looks in a row: between two statements of the same work nobody is busy. */
const LOOKS = 3;
const WITHIN_MS = 60_000;

/** Waits until no transaction is open. */
export async function untilIdle(adminUrl: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const until = performance.now() + WITHIN_MS;
    for (let idle = 0; idle < LOOKS; await delay(LOOK_EVERY_MS)) {
      const { rows } = await client.query<{ busy: string }>(
        "select count(*) as busy from pg_stat_activity where backend_type = 'client backend' and state <> 'idle' and pid <> pg_backend_pid()",
      );
      idle = rows[0]?.busy === "0" ? idle + 1 : 0;
      if (performance.now() > until) throw new Error(`Transactions are still open ${WITHIN_MS / 1_000} s after the last answer.`);
    }
  } finally {
    await client.end();
  }
}
