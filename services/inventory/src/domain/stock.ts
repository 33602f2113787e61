import { conflict, type PlinthError } from "@plinth/kernel/base";

export type MovementKind = "receive" | "adjust" | "reserve" | "commit" | "release" | "expire";
export type AdjustReason = "count" | "damaged" | "lost" | "found" | "returned" | "other";

/** A SKU in a warehouse: what a level is kept of. */
export interface Place {
  readonly sku: string;
  readonly warehouseId: string;
}

/** The stock of a place; `onHand >= reserved >= 0` always. */
export interface Level extends Place {
  readonly productId: string;
  readonly onHand: bigint;
  readonly reserved: bigint;
  readonly updatedAt: Date;
}

/** What one line of a move adds to a level. */
export interface MoveLine extends Place {
  readonly onHand: bigint;
  readonly reserved: bigint;
}

/** A line of the ledger. */
export interface Movement extends Place {
  /** A UUID. */
  readonly id: string;
  readonly kind: MovementKind;
  readonly onHandDifference: bigint;
  readonly reservedDifference: bigint;
  readonly reference: string;
  readonly reason: AdjustReason | "";
  readonly note: string;
  readonly actorId: string;
  readonly createdAt: Date;
}

/** A line for which too little is available. */
export interface Shortage extends Place {
  readonly available: bigint;
}

/** What is known of a SKU beside its levels. */
export interface Item {
  readonly sku: string;
  readonly productId: string;
  /** Null: the module's setting holds. */
  readonly lowStockThreshold: bigint | null;
}

export interface StockQuestion {
  readonly productId: string;
  readonly sku: string;
  readonly warehouseId: string;
  readonly quantity: bigint;
}

export type StockReason = "in-stock" | "too-few" | "never-stocked" | "unknown-warehouse" | "inactive-warehouse";

export interface StockAnswer extends StockQuestion {
  readonly onHand: bigint;
  readonly reserved: bigint;
  readonly reason: StockReason;
}

/** How a move of a line changes what a reservation line holds or takes. */
export const LINE_MOVES = {
  reserve: (quantity: bigint) => ({ onHand: 0n, reserved: quantity }),
  commit: (quantity: bigint) => ({ onHand: -quantity, reserved: -quantity }),
  release: (quantity: bigint) => ({ onHand: 0n, reserved: -quantity }),
} as const;

/** What stands in the way, once the levels are known: the first line that is short, in their order. */
export function outOfStock(shortages: readonly Shortage[], lines: readonly MoveLine[]): PlinthError {
  const first = shortages[0] ?? { sku: "", warehouseId: "", available: 0n };
  const line = lines.find(({ sku, warehouseId }) => sku === first.sku && warehouseId === first.warehouseId);
  const requested = line ? line.reserved - line.onHand : 0n;
  const more = shortages.length > 1 ? ` ${shortages.length - 1} more SKUs are short.` : "";
  return conflict(`Of ${first.sku} ${requested} are wanted and ${first.available} available in warehouse ${first.warehouseId}.${more}`, {
    reason: "OUT_OF_STOCK",
    metadata: {
      sku: first.sku,
      warehouse_id: first.warehouseId,
      available: String(first.available),
      requested: String(requested),
      short: String(shortages.length),
    },
  });
}

/** True when a level has just become low: told once, not with each sale after it. */
export function fellLow(before: bigint, after: bigint, threshold: bigint): boolean {
  return before > threshold && after <= threshold;
}

/** Why a quantity can be had or not. `best`: the most that one SKU has available there; undefined when nothing was ever received. */
export function stockReason(warehouse: "active" | "inactive" | undefined, best: bigint | undefined, quantity: bigint): StockReason {
  if (warehouse === undefined) return "unknown-warehouse";
  if (warehouse === "inactive") return "inactive-warehouse";
  if (best === undefined) return "never-stocked";
  return best >= quantity ? "in-stock" : "too-few";
}
