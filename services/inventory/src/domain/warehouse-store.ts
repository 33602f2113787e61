import type { Page, PageRequest } from "@plinth/kernel/base";
import type { Warehouse, WarehouseStatus } from "./warehouse.ts";

/** Each change writes the row and the audit entry in one transaction. */
export interface WarehouseStore {
  /** Makes it the default where there is none. Throws CONFLICT, reason WAREHOUSE_EXISTS. */
  insert(warehouse: Warehouse): Promise<Warehouse>;
  findWarehouse(id: string): Promise<Warehouse | undefined>;
  /** By code. */
  listWarehouses(status: WarehouseStatus | undefined, page: PageRequest): Promise<Page<Warehouse>>;
  /** Applies `decide` to the locked row; a new default takes the place of the one before. Throws NOT_FOUND, reason WAREHOUSE_NOT_FOUND. */
  change(id: string, decide: (warehouse: Warehouse) => Warehouse): Promise<Warehouse>;
}
