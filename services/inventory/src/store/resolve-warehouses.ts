import type { Transaction } from "@plinth/kernel/database";
import { activeWarehouse, type WarehouseAsPlace } from "../domain/warehouse.ts";

/**
 * Finds the warehouses that ids mean, by one question for all; `now` is the database's time, one for all instances. Throws NOT_FOUND, reason
 * WAREHOUSE_NOT_FOUND; CONFLICT, reason WAREHOUSE_INACTIVE.
 */
export async function resolveWarehouses(tx: Transaction, ids: readonly string[]): Promise<{ idOf: (id: string) => string; now: Date }> {
  const known = await tx.query<WarehouseAsPlace & { now: Date }>(
    `select id, status, is_default as "isDefault", statement_timestamp() as now from warehouses where tenant_id = $1 and (id = any ($2) or is_default)`,
    [tx.tenantId, [...new Set(ids)]],
  );
  const found = new Map([...new Set(ids)].map((id) => [id, activeWarehouse(known, id)]));
  return { idOf: (id) => found.get(id) ?? id, now: known[0]?.now ?? new Date() };
}
