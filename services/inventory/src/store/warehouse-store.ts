import { conflict, type Page, type PageRequest } from "@plinth/kernel/base";
import { type Database, listEntityPage, onUniqueViolation, type Transaction } from "@plinth/kernel/database";
import type { Service } from "@plinth/kernel/service";
import { type Warehouse, type WarehouseStatus, warehouseNotFound } from "../domain/warehouse.ts";
import type { WarehouseStore } from "../domain/warehouse-store.ts";
import { WarehouseEntity } from "./entities.ts";

const BY_CODE = [{ by: "code", direction: "asc" }] as const;

/** Warehouses in Postgres. */
export class PostgresWarehouseStore implements WarehouseStore {
  readonly #database: Database;
  readonly #outlets: Pick<Service<unknown>, "audit">;

  constructor(database: Database, outlets: Pick<Service<unknown>, "audit">) {
    this.#database = database;
    this.#outlets = outlets;
  }

  insert(warehouse: Warehouse): Promise<Warehouse> {
    const work = async (tx: Transaction) => {
      await lockWarehouses(tx);
      const isDefault = !(await tx.manager.existsBy(WarehouseEntity, { tenantId: tx.tenantId, isDefault: true }));
      const made = { ...warehouse, isDefault };
      await tx.manager.insert(WarehouseEntity, made);
      await this.#audit(tx, "warehouse.created", made);
      return made;
    };
    return this.#database.transaction(work).catch(refuseCode);
  }

  findWarehouse(id: string): Promise<Warehouse | undefined> {
    return this.#database.read(async (tx) => (await tx.manager.findOneBy(WarehouseEntity, { id })) ?? undefined);
  }

  listWarehouses(status: WarehouseStatus | undefined, page: PageRequest): Promise<Page<Warehouse>> {
    return this.#database.read((tx) => {
      const query = tx.manager
        .createQueryBuilder(WarehouseEntity, "warehouse")
        .where("warehouse.tenantId = :tenantId", { tenantId: tx.tenantId });
      if (status) query.andWhere("warehouse.status = :status", { status });
      return listEntityPage(query, BY_CODE, page);
    });
  }

  change(id: string, decide: (warehouse: Warehouse) => Warehouse): Promise<Warehouse> {
    return this.#database.transaction(async (tx) => {
      await lockWarehouses(tx);
      const before = await tx.manager.findOneBy(WarehouseEntity, { id });
      if (!before) throw warehouseNotFound(id);
      const after = decide(before);
      if (after.isDefault && !before.isDefault) {
        await tx.manager.update(WarehouseEntity, { tenantId: tx.tenantId, isDefault: true }, { isDefault: false });
      }
      await tx.manager.update(WarehouseEntity, { id }, after);
      await this.#audit(tx, "warehouse.updated", after);
      return after;
    });
  }

  #audit(tx: Transaction, action: string, { id, code, status }: Warehouse): Promise<void> {
    return this.#outlets.audit(tx, { action, resource: "warehouse", resourceId: id, outcome: "success", metadata: { code, status } });
  }
}

/** One change at a time in a tenant: which one is the default concerns them all, and they change rarely. */
async function lockWarehouses(tx: Transaction): Promise<void> {
  await tx.query("select pg_advisory_xact_lock(hashtextextended('inventory.warehouses ' || $1, 0))", [tx.tenantId]);
}

function refuseCode(error: unknown): never {
  throw onUniqueViolation(error, (constraint) =>
    constraint === "warehouses_code_key" ? conflict("Another warehouse has this code.", { reason: "WAREHOUSE_EXISTS" }) : undefined,
  );
}
