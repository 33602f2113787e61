import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";

const LOOK_EVERY_MS = 50;
const WITHIN_MS = 60_000;

/** Events that nobody has handled, and sagas under way, over all modules. What is to happen at some later time is not among them. */
const LEFT = `
  (select coalesce(sum(greatest(0, coalesce((select l."offset" from plinth_bus.log l where l.partition_id = o.partition_id
     order by l."offset" desc limit 1), 0) - o.position)), 0) from plinth_bus.positions o)`;

/** Waits until every event has been handled by all who want it, and every saga has ended. */
export async function untilSettled(adminUrl: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ schema: string; name: string }>(
      "select table_schema as schema, table_name as name from information_schema.tables where table_name in ('outbox', 'sagas') order by 1, 2",
    );
    const parts = tables.map(({ schema, name }) => {
      const table = `${client.escapeIdentifier(schema)}.${name}`;
      return name === "outbox" ? `(select count(*) from ${table})` : `(select count(*) from ${table} where finished_at is null)`;
    });
    const until = performance.now() + WITHIN_MS;
    for (;;) {
      const { rows } = await client.query<{ left: string }>(`select ${[LEFT, ...parts].join(" + ")} as left`);
      if (rows[0]?.left === "0") return;
      if (performance.now() > until)
        throw new Error(`${rows[0]?.left} events and sagas are still open ${WITHIN_MS / 1_000} s after the last answer.`);
      await delay(LOOK_EVERY_MS);
    }
  } finally {
    await client.end();
  }
}
