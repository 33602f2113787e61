import { conflict, notFound } from "@plinth/kernel/base";

export type WarehouseStatus = "active" | "inactive";

export interface Warehouse {
  readonly id: string;
  readonly tenantId: string;
  /** Unique in the tenant. */
  readonly code: string;
  readonly name: string;
  /** ISO 3166 alpha-2. */
  readonly country: string;
  readonly status: WarehouseStatus;
  /** Meant where no warehouse is named; at most one in a tenant, and always active. */
  readonly isDefault: boolean;
  /** 1 at creation, one more with each change. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Absent fields stay. */
export interface WarehouseChange {
  readonly name?: string | undefined;
  readonly country?: string | undefined;
  readonly status?: WarehouseStatus | undefined;
  readonly makeDefault: boolean;
}

/** @param expectedVersion What the editor saw: a change made in the meantime is not overwritten. */
export function changeWarehouse(warehouse: Warehouse, change: WarehouseChange, expectedVersion: number | undefined, now: Date): Warehouse {
  if (expectedVersion !== undefined && expectedVersion !== warehouse.version) {
    throw conflict(
      `Warehouse ${warehouse.id} has version ${warehouse.version}, not ${expectedVersion}: read it again and repeat the change.`,
      {
        reason: "VERSION_CONFLICT",
        metadata: { version: String(warehouse.version) },
      },
    );
  }
  const status = change.status ?? warehouse.status;
  const isDefault = warehouse.isDefault || change.makeDefault;
  if (isDefault && status === "inactive") {
    throw conflict("The default warehouse is always active; make another one the default first.", { reason: "DEFAULT_WAREHOUSE" });
  }
  return {
    ...warehouse,
    name: change.name ?? warehouse.name,
    country: change.country ?? warehouse.country,
    status,
    isDefault,
    version: warehouse.version + 1,
    updatedAt: now,
  };
}

export type WarehouseAsPlace = Pick<Warehouse, "id" | "status" | "isDefault">;

/** Which warehouse an id means: an empty one the default. Throws NOT_FOUND, reason WAREHOUSE_NOT_FOUND; CONFLICT, reason WAREHOUSE_INACTIVE. */
export function activeWarehouse(known: readonly WarehouseAsPlace[], id: string): string {
  const found = known.find((warehouse) => (id === "" ? warehouse.isDefault : warehouse.id === id));
  if (!found) throw warehouseNotFound(id);
  if (found.status === "inactive") {
    throw conflict(`Warehouse ${found.id} is inactive.`, { reason: "WAREHOUSE_INACTIVE", metadata: { warehouse_id: found.id } });
  }
  return found.id;
}

export function warehouseNotFound(id: string): Error {
  const what = id === "" ? "There is no default warehouse: make a warehouse first." : `There is no warehouse ${id}.`;
  return notFound(what, { reason: "WAREHOUSE_NOT_FOUND", metadata: { warehouse_id: id } });
}
