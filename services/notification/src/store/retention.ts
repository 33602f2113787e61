import { ALL_TENANTS, type Database } from "@plinth/kernel/database";
import { KEY_LIFE_MS, type Outlets, queueAttempt } from "./delivery-store.ts";

/** A delivery that is due for so long has lost its job. */
const FORGOTTEN_MS = 60 * 60_000;
const BATCH = 1000;

/** Removes what has served its time, and picks up what was left lying. */
export class Retention {
  readonly #database: Database;
  readonly #outlets: Pick<Outlets, "enqueue">;

  constructor(database: Database, outlets: Pick<Outlets, "enqueue">) {
    this.#database = database;
    this.#outlets = outlets;
  }

  /** The content of what is still on its way stays, however old. */
  async removeOld(keepContentMs: number, now: Date): Promise<void> {
    await this.#database.transaction(
      async (tx) => {
        await tx.query(
          `delete from delivery_contents where created_at < $1
             and not exists (select from deliveries where deliveries.id = delivery_id and status = 'pending')`,
          [new Date(now.getTime() - keepContentMs)],
        );
        await tx.query("delete from dedupe_keys where created_at < $1", [new Date(now.getTime() - KEY_LIFE_MS)]);
      },
      { tenantId: ALL_TENANTS },
    );
  }

  async queueForgotten(now: Date): Promise<void> {
    const due = new Date(now.getTime() - FORGOTTEN_MS);
    const sql = "select id, tenant_id from deliveries where status = 'pending' and next_attempt_at < $1 order by next_attempt_at limit $2";
    const forgotten = await this.#database.read((tx) => tx.query<{ id: string; tenant_id: string }>(sql, [due, BATCH]), {
      tenantId: ALL_TENANTS,
    });
    for (const { id, tenant_id: tenantId } of forgotten) {
      await this.#database.transaction((tx) => queueAttempt(tx, this.#outlets, id, null), { tenantId });
    }
  }
}
