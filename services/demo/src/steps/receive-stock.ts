import { readRows } from "../read-rows.ts";
import type { Shop } from "../shop.ts";
import type { WarehouseIds } from "./make-warehouses.ts";

/** Books the stock of `data/stock.csv` in, a delivery for each warehouse; a delivery that is repeated under its key is booked once. */
export async function receiveStock({ inventory }: Pick<Shop, "inventory">, warehouses: WarehouseIds, key: string): Promise<void> {
  const rows = await readRows<"sku" | "warehouse" | "quantity">("stock.csv");
  for (const [code, delivered] of Map.groupBy(rows, ({ warehouse }) => warehouse)) {
    const lines = delivered.map(({ sku, quantity }) => ({ sku, quantity: BigInt(quantity) }));
    const delivery = { warehouseId: warehouses[code] ?? "", reference: "opening-stock", lines };
    await inventory.receive(delivery, { idempotencyKey: `${key}:${code}` });
  }
}
