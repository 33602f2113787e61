import type { Page, PageRequest } from "@plinth/kernel/base";
import type { Line } from "./lines.ts";
import type { AdjustReason, Item, Level, Movement, MovementKind, StockAnswer, StockQuestion } from "./stock.ts";

export interface LevelFilter {
  readonly sku: string;
  readonly warehouseId: string;
  readonly onlyLow: boolean;
}

export interface MovementFilter {
  readonly sku: string;
  readonly warehouseId: string;
  readonly reference: string;
  readonly kind: MovementKind | undefined;
}

/** What goes in, or is corrected, in one warehouse. */
export interface StockChange {
  readonly kind: "receive" | "adjust";
  /** Empty: the default one. */
  readonly warehouseId: string;
  readonly lines: readonly Omit<Line, "warehouseId">[];
  readonly reference: string;
  readonly reason: AdjustReason | "";
  readonly note: string;
}

export interface StockStore {
  /** One answer for each question, in their order. */
  checkStocks(questions: readonly StockQuestion[]): Promise<StockAnswer[]>;
  setItem(item: Item): Promise<void>;
  /** All lines or none; answers the levels that moved, by SKU. Throws NOT_FOUND, reason WAREHOUSE_NOT_FOUND; CONFLICT, reason OUT_OF_STOCK. */
  change(change: StockChange): Promise<Level[]>;
  /** By SKU, then by warehouse. */
  listLevels(filter: LevelFilter, page: PageRequest): Promise<Page<Level>>;
  /** Newest first. */
  listMovements(filter: MovementFilter, page: PageRequest): Promise<Page<Movement>>;
}
