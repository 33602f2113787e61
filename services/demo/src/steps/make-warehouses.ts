import { PlinthError } from "@plinth/kernel/base";
import type { Shop } from "../shop.ts";

/** Ids of warehouses by their codes. */
export type WarehouseIds = Readonly<Record<string, string>>;

/** The first one becomes the default. */
const WAREHOUSES = [
  { code: "BER-1", name: "Berlin", country: "DE" },
  { code: "NYC-1", name: "New York", country: "US" },
  { code: "TYO-1", name: "Tokyo", country: "JP" },
] as const;

const MOST_WAREHOUSES = 500;

/** Makes the warehouses; one whose code is taken is taken as it is. */
export async function makeWarehouses({ inventory }: Pick<Shop, "inventory">, key: string): Promise<WarehouseIds> {
  for (const warehouse of WAREHOUSES) {
    try {
      await inventory.createWarehouse(warehouse, { idempotencyKey: `${key}:${warehouse.code}` });
    } catch (error) {
      if (!(error instanceof PlinthError && error.code === "CONFLICT")) throw error;
    }
  }
  const { warehouses } = await inventory.listWarehouses({ pageSize: MOST_WAREHOUSES });
  return Object.fromEntries(warehouses.map(({ code, id }) => [code, id]));
}
