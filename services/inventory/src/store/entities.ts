import { EntitySchema } from "typeorm";
import type { Warehouse } from "../domain/warehouse.ts";

export const WarehouseEntity = new EntitySchema<Warehouse>({
  name: "Warehouse",
  tableName: "warehouses",
  columns: {
    id: { type: "text", primary: true },
    tenantId: { type: "text", name: "tenant_id" },
    code: { type: "text" },
    name: { type: "text" },
    country: { type: "text" },
    status: { type: "text" },
    isDefault: { type: "boolean", name: "is_default" },
    version: { type: "integer" },
    createdAt: { type: "timestamptz", name: "created_at" },
    updatedAt: { type: "timestamptz", name: "updated_at" },
  },
});
