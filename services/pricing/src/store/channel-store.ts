import type { Database, RememberedReads, Transaction } from "@plinth/kernel/database";
import type { Service } from "@plinth/kernel/service";
import { type Channel, type ChannelSettings, changeChannel, channelNotFound, DEFAULT_CHANNEL, newChannel } from "../domain/channel.ts";
import type { ChannelStore } from "../domain/channel-store.ts";
import { ChannelEntity } from "./entities.ts";

/** Channels in Postgres. */
export class PostgresChannelStore implements ChannelStore {
  readonly #database: Database;
  readonly #memory: Pick<RememberedReads, "forget">;
  readonly #outlets: Pick<Service<unknown>, "audit">;
  readonly #defaults: () => ChannelSettings;

  constructor(
    database: Database,
    memory: Pick<RememberedReads, "forget">,
    outlets: Pick<Service<unknown>, "audit">,
    defaults: () => ChannelSettings,
  ) {
    this.#database = database;
    this.#memory = memory;
    this.#outlets = outlets;
    this.#defaults = defaults;
  }

  async findChannel(code: string): Promise<Channel | undefined> {
    const known = await this.#database.read((tx) => tx.manager.findOneBy(ChannelEntity, { tenantId: tx.tenantId, code }));
    return known ?? (code === DEFAULT_CHANNEL ? this.#makeDefault() : undefined);
  }

  async setChannel(code: string, settings: ChannelSettings, expectedVersion: number | undefined): Promise<Channel> {
    const set = await this.#database.transaction(async (tx) => {
      // Whoever makes the same channel waits here, and finds it made.
      const made = await insertChannel(tx, newChannel(tx.tenantId, code, settings, new Date()));
      if (made) {
        if (expectedVersion !== undefined) throw channelNotFound(code);
        await this.#audit(tx, "channel.created", made);
        return made;
      }
      const before = await tx.manager.findOneOrFail(ChannelEntity, {
        where: { tenantId: tx.tenantId, code },
        lock: { mode: "pessimistic_write" },
      });
      const after = changeChannel(before, settings, expectedVersion, new Date());
      await tx.manager.update(ChannelEntity, { tenantId: tx.tenantId, code }, after);
      await this.#audit(tx, "channel.updated", after);
      return after;
    });
    this.#memory.forget();
    return set;
  }

  /** What the module's settings say now is kept, so that a shop's taxes do not change with them. */
  #makeDefault(): Promise<Channel> {
    return this.#database.transaction(async (tx) => {
      const made = await insertChannel(tx, newChannel(tx.tenantId, DEFAULT_CHANNEL, this.#defaults(), new Date()));
      if (made) await this.#audit(tx, "channel.created", made);
      return made ?? tx.manager.findOneByOrFail(ChannelEntity, { tenantId: tx.tenantId, code: DEFAULT_CHANNEL });
    });
  }

  #audit(tx: Transaction, action: string, { code, currency, country, taxInclusive, taxRounding }: Channel): Promise<void> {
    const metadata = { currency, country, tax_inclusive: String(taxInclusive), tax_rounding: taxRounding };
    return this.#outlets.audit(tx, { action, resource: "channel", resourceId: code, outcome: "success", metadata });
  }
}

/** Undefined: there is one already. */
async function insertChannel(tx: Transaction, channel: Channel): Promise<Channel | undefined> {
  const { tenantId, code, currency, country, taxInclusive, taxRounding, warehouseId, version, createdAt, updatedAt } = channel;
  const rows = await tx.query(
    `insert into channels (tenant_id, code, currency, country, tax_inclusive, tax_rounding, warehouse_id, version, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (tenant_id, code) do nothing returning code`,
    [tenantId, code, currency, country, taxInclusive, taxRounding, warehouseId, version, createdAt, updatedAt],
  );
  return rows.length > 0 ? channel : undefined;
}
