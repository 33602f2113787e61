import { newId } from "@plinth/kernel/base";
import type { Handlers } from "@plinth/kernel/rpc";
import type { InventoryService } from "@plinth/proto/inventory/v1/inventory_pb";
import { changeWarehouse, warehouseNotFound } from "../domain/warehouse.ts";
import type { WarehouseStore } from "../domain/warehouse-store.ts";
import { WAREHOUSE_STATUS, wordOf } from "../messages/enums.ts";
import { warehouseMessage } from "../messages/stock-message.ts";

type WarehouseHandlers = Pick<Handlers<typeof InventoryService>, "createWarehouse" | "getWarehouse" | "listWarehouses" | "updateWarehouse">;

export function warehouseHandlers(warehouses: WarehouseStore): WarehouseHandlers {
  return {
    async createWarehouse({ code, name, country }, context) {
      const now = new Date();
      const status = "active" as const;
      const made = {
        id: newId("wh"),
        tenantId: context.tenantId,
        code,
        name,
        country,
        status,
        isDefault: false,
        version: 1,
        createdAt: now,
        updatedAt: now,
      };
      context.restStatus = 201;
      return warehouseMessage(await warehouses.insert(made));
    },

    async getWarehouse({ id }) {
      const warehouse = await warehouses.findWarehouse(id);
      if (!warehouse) throw warehouseNotFound(id);
      return warehouseMessage(warehouse);
    },

    async listWarehouses({ status, pageSize, pageToken }) {
      const page = await warehouses.listWarehouses(wordOf(WAREHOUSE_STATUS, status), { size: pageSize, token: pageToken });
      return { warehouses: page.items.map(warehouseMessage), nextPageToken: page.nextPageToken };
    },

    async updateWarehouse({ id, name, country, status, makeDefault, expectedVersion }) {
      const change = { name, country, status: wordOf(WAREHOUSE_STATUS, status), makeDefault };
      return warehouseMessage(await warehouses.change(id, (warehouse) => changeWarehouse(warehouse, change, expectedVersion, new Date())));
    },
  };
}
