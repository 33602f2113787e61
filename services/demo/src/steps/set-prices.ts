import { internal, parseMoney } from "@plinth/kernel/base";
import { PriceOutcome } from "@plinth/proto/pricing/v1/pricing_pb";
import { readRows } from "../read-rows.ts";
import type { Shop } from "../shop.ts";
import type { WarehouseIds } from "./make-warehouses.ts";

/** As many as one call takes. */
const BATCH = 500;

/** Sets all prices of `data/prices.csv`; a warehouse's own wins over the one for everywhere. */
export async function setPrices({ pricing }: Pick<Shop, "pricing">, warehouses: WarehouseIds): Promise<void> {
  const rows = await readRows<"sku" | "warehouse" | "min_quantity" | "price" | "currency">("prices.csv");
  const prices = rows.map((row) => ({
    sku: row.sku,
    price: parseMoney(row.price, row.currency),
    warehouseId: warehouses[row.warehouse] ?? "",
    minQuantity: BigInt(row.min_quantity),
  }));
  for (let start = 0; start < prices.length; start += BATCH) {
    const batch = prices.slice(start, start + BATCH);
    const { results } = await pricing.setPrices({ prices: batch });
    const refused = results.findIndex(({ outcome }) => outcome === PriceOutcome.REFUSED);
    if (refused >= 0) throw internal(`The price of ${batch[refused]?.sku} was refused: ${results[refused]?.problem}`);
  }
}
