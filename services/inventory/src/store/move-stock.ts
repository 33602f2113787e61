import { currentContext } from "@plinth/kernel/base";
import type { Transaction } from "@plinth/kernel/database";
import { type AdjustReason, type Level, type MoveLine, type MovementKind, outOfStock } from "../domain/stock.ts";
import { MOVE_STOCK } from "./move-stock-sql.ts";
import type { MovedLevel, StockEvents } from "./stock-events.ts";

export interface Move {
  readonly kind: MovementKind;
  /** Merged. */
  readonly lines: readonly MoveLine[];
  readonly reference: string;
  readonly reason?: AdjustReason | "";
  readonly note?: string;
  /** Reservations whose expiry is booked beside, if their time has passed. */
  readonly expired?: readonly string[];
}

/** Moves stock in the caller's transaction; answers the levels of its lines. Rejects with CONFLICT, reason OUT_OF_STOCK. */
export type MoveStock = (tx: Transaction, move: Move) => Promise<{ levels: Level[]; expired: number }>;

interface MoveRow {
  short: { sku: string; warehouseId: string; available: string }[];
  moved: {
    sku: string;
    warehouseId: string;
    productId: string;
    onHand: string;
    reserved: string;
    availableBefore: string;
    threshold: string | null;
    updatedAt: string;
    wanted: boolean;
  }[];
  lapsed: { id: string; reference: string }[];
}

export function stockMover(events: StockEvents): MoveStock {
  return async (tx, { kind, lines, reference, reason = "", note = "", expired = [] }) => {
    // Only who wants more than before needs what expired; who gives back must not wait for others' reservations while holding an own one.
    const takes = lines.some(({ onHand, reserved }) => onHand < reserved);
    const [row] = await tx.query<MoveRow>(MOVE_STOCK, [
      tx.tenantId,
      lines.map(({ sku }) => sku),
      lines.map(({ warehouseId }) => warehouseId),
      lines.map(({ onHand }) => onHand),
      lines.map(({ reserved }) => reserved),
      kind,
      reference,
      reason,
      note,
      currentContext()?.user?.id ?? "",
      takes,
      expired,
    ]);
    const { short = [], moved = [], lapsed = [] } = row ?? {};
    if (short.length > 0) {
      const shortages = short.map(({ sku, warehouseId, available }) => ({ sku, warehouseId, available: BigInt(available) }));
      throw outOfStock(shortages, lines);
    }
    const levels = moved.map((level) => movedLevel(level));
    await events.moved(tx, levels, kind, reference);
    await events.expired(tx, lapsed);
    return { levels: levels.filter(({ wanted }) => wanted), expired: lapsed.length };
  };
}

function movedLevel(row: MoveRow["moved"][number]): MovedLevel {
  return {
    ...row,
    onHand: BigInt(row.onHand),
    reserved: BigInt(row.reserved),
    availableBefore: BigInt(row.availableBefore),
    threshold: row.threshold === null ? undefined : BigInt(row.threshold),
    updatedAt: new Date(row.updatedAt),
  };
}
