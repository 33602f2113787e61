import type { Database, Transaction } from "@plinth/kernel/database";
import type { SetVersion } from "../domain/set-version.ts";

/** What modules declare belongs to no tenant; it has the row of the set's versions that no tenant can have. */
const PLATFORM_SCOPE = "*";

/** Where a change is made known in this process as soon as it is committed. Other processes hear of it by its events. */
export interface ChangeListener {
  forgetUser(tenantId: string, userId: string): void;
  forgetRules(tenantId: string, version: SetVersion): void;
}

/** A write under way. */
export interface Change {
  readonly tx: Transaction;
  /** Before the change or, once something changed, after it. */
  readonly version: () => Promise<SetVersion>;
  /** The roles of this user changed. */
  changeUser(userId: string): Promise<SetVersion>;
  /** Roles or policies changed. */
  changeRules(): Promise<SetVersion>;
}

/** Writes of a tenant, one after the other: the row of its version is locked before anything is read. */
export class TenantWrites {
  readonly #database: Database;
  readonly #listener: ChangeListener;

  constructor(database: Database, listener: ChangeListener) {
    this.#database = database;
    this.#listener = listener;
  }

  /** @param tenantId The current one unless said. */
  async write<T>(work: (change: Change) => Promise<T>, tenantId?: string): Promise<{ value: T; version: SetVersion }> {
    const { value, ...told } = await this.#database.transaction(
      async (tx) => {
        const change = new OpenChange(tx, tx.tenantId);
        await change.lock();
        const answer = await work(change);
        return { value: answer, version: await change.version(), users: change.users, rules: change.rules, tenantId: tx.tenantId };
      },
      tenantId === undefined ? {} : { tenantId },
    );
    if (told.rules) this.#listener.forgetRules(told.tenantId, told.version);
    for (const userId of told.users) this.#listener.forgetUser(told.tenantId, userId);
    return { value, version: told.version };
  }

  /** In a transaction of somebody else's: this process hears of the change like the others, by its events. */
  async writeWithin<T>(tx: Transaction, work: (change: Change) => Promise<T>): Promise<T> {
    const change = new OpenChange(tx, tx.tenantId);
    await change.lock();
    return work(change);
  }

  /** The same for what modules declare. Events go out in the name of `tenantId`. */
  async writePlatform(tenantId: string, work: (change: Change) => Promise<void>): Promise<void> {
    const told = await this.#database.transaction(
      async (tx) => {
        const change = new OpenChange(tx, PLATFORM_SCOPE);
        await change.lock();
        await work(change);
        return { version: await change.version(), rules: change.rules };
      },
      { tenantId },
    );
    if (told.rules) this.#listener.forgetRules(tenantId, told.version);
  }
}

class OpenChange implements Change {
  readonly tx: Transaction;
  readonly users = new Set<string>();
  rules = false;
  readonly #scope: string;
  #counted = false;

  constructor(tx: Transaction, scope: string) {
    this.tx = tx;
    this.#scope = scope;
  }

  async lock(): Promise<void> {
    await this.tx.query(
      "insert into set_versions (scope, version) values ($1, 0) on conflict (scope) do update set version = set_versions.version",
      [this.#scope],
    );
  }

  readonly version = (): Promise<SetVersion> => readVersion(this.tx);

  async changeUser(userId: string): Promise<SetVersion> {
    this.users.add(userId);
    return this.#count();
  }

  async changeRules(): Promise<SetVersion> {
    this.rules = true;
    return this.#count();
  }

  async #count(): Promise<SetVersion> {
    if (!this.#counted) await this.tx.query("update set_versions set version = version + 1 where scope = $1", [this.#scope]);
    this.#counted = true;
    return this.version();
  }
}

export async function readVersion(tx: Transaction): Promise<SetVersion> {
  const [row] = await tx.query<{ tenant: string; platform: string }>(
    `select coalesce((select version from set_versions where scope = $1), 0) as tenant,
            coalesce((select version from set_versions where scope = $2), 0) as platform`,
    [tx.tenantId, PLATFORM_SCOPE],
  );
  return { tenant: Number(row?.tenant), platform: Number(row?.platform) };
}
