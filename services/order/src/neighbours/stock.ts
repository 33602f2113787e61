import { PlinthError } from "@plinth/kernel/base";
import type { Client } from "@plinth/kernel/client";
import type { InventoryService } from "@plinth/proto/inventory/v1/inventory_pb";

/** So many of a SKU that go back into a warehouse. */
export interface ReturnedLine {
  readonly sku: string;
  readonly warehouseId: string;
  readonly quantity: number;
}

/** As many as inventory takes at once. */
const LINES_AT_ONCE = 500;

/** Puts goods back into stock, once for each `key` however often it is called. */
export async function returnStock(
  inventory: Client<typeof InventoryService>,
  reference: string,
  lines: readonly ReturnedLine[],
  key: string,
): Promise<void> {
  for (const warehouseId of new Set(lines.map((line) => line.warehouseId))) {
    const there = lines.filter((line) => line.warehouseId === warehouseId);
    for (let from = 0; from < there.length; from += LINES_AT_ONCE) {
      const received = there.slice(from, from + LINES_AT_ONCE).map(({ sku, quantity }) => ({ sku, quantity: BigInt(quantity) }));
      const request = { warehouseId, reference, lines: received };
      await inventory.receive(request, { idempotencyKey: `${key}:${warehouseId}:${from}` }).catch(unlessDone);
    }
  }
}

/** It was booked, and only the answer is lost. */
function unlessDone(error: unknown): void {
  if (PlinthError.from(error).reason !== "IDEMPOTENCY_ANSWER_LOST") throw error;
}
