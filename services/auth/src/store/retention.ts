import { ALL_TENANTS, type Database, type Transaction } from "@plinth/kernel/database";

/** Longer than a successor pair may be repeated by minutes at most; after that a nightly run finds it. */
const RECENTLY_MS = 2 * 3_600_000;
/** Guards of networks without a success are of no use any more when their failures are forgiven. */
const GUARD_MS = 2 * 86_400_000;
/** A network or device that was not seen for so long is a new one again. */
const KNOWN_MS = 180 * 86_400_000;
/** Sign-ins take seconds; nothing that began before a cut-off is on its way after this. */
const CUTOFF_MS = 86_400_000;
/** Rows of one statement: a delete that runs for minutes would keep other clean-ups waiting. */
const BATCH = 5000;

export interface RetentionPolicy {
  readonly accessLifetimeMs: number;
  readonly refreshLifetimeMs: number;
  readonly refreshGraceMs: number;
}

/** Removes what nobody can use any more, in all tenants. */
export class Retention {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Every minute: a pair that may not be repeated any more is not kept. */
  async dropSuccessors(now: Date, { refreshGraceMs }: RetentionPolicy): Promise<void> {
    const to = ago(now, refreshGraceMs);
    await this.#run("update spent_tokens set successor = null where successor is not null and spent_at < $1 and spent_at >= $2", [
      to,
      ago(to, RECENTLY_MS),
    ]);
  }

  /** Every hour: sessions that are over, with their tokens; those that were revoked stay while their access tokens live. */
  async removeSessions(now: Date, { accessLifetimeMs, refreshLifetimeMs }: RetentionPolicy): Promise<void> {
    await this.#inBatches("sessions", "expires_at < $1 or revoked_at < $2", [now, ago(now, accessLifetimeMs + 60_000)]);
    // A spent token that would have expired by now says nothing when it comes back.
    await this.#inBatches("spent_tokens", "spent_at < $1", [ago(now, refreshLifetimeMs)]);
  }

  /** Every night. */
  async removeTraces(now: Date, { refreshGraceMs }: RetentionPolicy): Promise<void> {
    await this.#run("update spent_tokens set successor = null where successor is not null and spent_at < $1", [ago(now, refreshGraceMs)]);
    await this.#inBatches("login_guards", "touched_at < $1 and succeeded_at is null or touched_at < $2", [
      ago(now, GUARD_MS),
      ago(now, KNOWN_MS),
    ]);
    await this.#inBatches("devices", "seen_at < $1", [ago(now, KNOWN_MS)]);
    await this.#inBatches("session_cutoffs", "before < $1", [ago(now, CUTOFF_MS)]);
  }

  /** Sessions whose access tokens may still live although they are over: what a starting replica has to refuse. */
  revokedSince(since: Date): Promise<{ id: string; revokedAt: Date }[]> {
    const sql = `select id, revoked_at as "revokedAt" from sessions where revoked_at >= $1`;
    return this.#database.transaction((tx) => tx.query(sql, [since]), { tenantId: ALL_TENANTS });
  }

  async #inBatches(table: string, condition: string, parameters: readonly unknown[]): Promise<void> {
    const sql = `delete from ${table} where ctid in (select ctid from ${table} where ${condition} limit ${BATCH}) returning 1`;
    while ((await this.#run(sql, parameters)) === BATCH);
  }

  #run(sql: string, parameters: readonly unknown[]): Promise<number> {
    return this.#database.transaction(async (tx: Transaction) => (await tx.query(sql, parameters)).length, { tenantId: ALL_TENANTS });
  }
}

function ago(now: Date, ms: number): Date {
  return new Date(now.getTime() - ms);
}
