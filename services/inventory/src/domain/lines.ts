import { validation } from "@plinth/kernel/base";
import type { Place } from "./stock.ts";

export const MAX_QUANTITY = 1_000_000n;

export interface Line extends Place {
  readonly quantity: bigint;
}

/**
 * Lines of one SKU and warehouse added up, by SKU and then by warehouse: stock is locked in this order. Throws
 * VALIDATION_ERROR on `field` when a sum leaves -1,000,000…1,000,000. Sums of 0 are left out.
 */
export function mergedLines(lines: readonly Line[], field = "lines"): Line[] {
  const sums = new Map<string, Line>();
  for (const { sku, warehouseId, quantity } of lines) {
    const key = JSON.stringify([sku, warehouseId]);
    sums.set(key, { sku, warehouseId, quantity: quantity + (sums.get(key)?.quantity ?? 0n) });
  }
  const merged = [...sums.values()].sort((a, b) => compareTexts(a.sku, b.sku) || compareTexts(a.warehouseId, b.warehouseId));
  const tooMany = merged.find(({ quantity }) => quantity > MAX_QUANTITY || quantity < -MAX_QUANTITY);
  if (tooMany) throw validation({ [field]: `add up to ${tooMany.quantity} of ${tooMany.sku}; at most ${MAX_QUANTITY} go together` });
  return merged.filter(({ quantity }) => quantity !== 0n);
}

/** Both merged. */
export function sameLines(some: readonly Line[], others: readonly Line[]): boolean {
  const equal = (a: Line, b: Line | undefined) => a.sku === b?.sku && a.warehouseId === b.warehouseId && a.quantity === b.quantity;
  return some.length === others.length && some.every((line, index) => equal(line, others[index]));
}

/** By code units, as a database with the collation "C" does; not as people sort. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
