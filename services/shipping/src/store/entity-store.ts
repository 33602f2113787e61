import type { Page, PageRequest } from "@plinth/kernel/base";
import { type Database, listPage, type RememberedReads } from "@plinth/kernel/database";
import type { Service } from "@plinth/kernel/service";
import type { FulfillmentEntity } from "../domain/fulfillment-entity.ts";
import type { EntityStore } from "../domain/settings-store.ts";
import { type EntityRow, entityOf } from "./rows.ts";

const BY_WAREHOUSE = [{ by: "warehouse_id", direction: "asc" }] as const;

/** Those who ship, in Postgres. */
export class PostgresEntityStore implements EntityStore {
  readonly #database: Database;
  readonly #memory: Pick<RememberedReads, "forget">;
  readonly #outlets: Pick<Service<unknown>, "audit">;

  constructor(database: Database, memory: Pick<RememberedReads, "forget">, outlets: Pick<Service<unknown>, "audit">) {
    this.#database = database;
    this.#memory = memory;
    this.#outlets = outlets;
  }

  async setEntity(entity: FulfillmentEntity): Promise<FulfillmentEntity> {
    const set = await this.#database.transaction(async (tx) => {
      const [row] = await tx.query<EntityRow>(
        `insert into fulfillment_entities
           (id, tenant_id, type, warehouse_id, name, carriers, cut_off_hour, time_zone, address, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
         on conflict (tenant_id, warehouse_id) do update set type = excluded.type, name = excluded.name, carriers = excluded.carriers,
           cut_off_hour = excluded.cut_off_hour, time_zone = excluded.time_zone, address = excluded.address, updated_at = excluded.updated_at
         returning *`,
        [
          ...[entity.id, tx.tenantId, entity.type, entity.warehouseId, entity.name, entity.carriers, entity.cutOffHour, entity.timeZone],
          ...[entity.address === null ? null : JSON.stringify(entity.address), entity.updatedAt],
        ],
      );
      if (row === undefined) throw new Error("An insert answered no row.");
      const what = { action: "fulfillment_entity.set", resource: "fulfillment_entity", resourceId: row.id, outcome: "success" } as const;
      await this.#outlets.audit(tx, { ...what, metadata: { warehouse_id: row.warehouse_id } });
      return entityOf(row);
    });
    this.#memory.forget();
    return set;
  }

  async listEntities(page: PageRequest): Promise<Page<FulfillmentEntity>> {
    const list = { sql: "select * from fulfillment_entities where tenant_id = $1", order: BY_WAREHOUSE, page };
    const rows = await this.#database.read((tx) => listPage<EntityRow>(tx, { ...list, parameters: [tx.tenantId] }));
    return { items: rows.items.map(entityOf), nextPageToken: rows.nextPageToken };
  }
}
