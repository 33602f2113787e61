import {
  AdjustReason as AdjustReasonMessage,
  MovementKind as MovementKindMessage,
  ReservationStatus as ReservationStatusMessage,
  StockReason as StockReasonMessage,
  WarehouseStatus as WarehouseStatusMessage,
} from "@plinth/proto/inventory/v1/inventory_pb";
import type { ReservationStatus } from "../domain/reservation.ts";
import type { AdjustReason, MovementKind, StockReason } from "../domain/stock.ts";
import type { WarehouseStatus } from "../domain/warehouse.ts";

/** The domain's words on the wire. */

export const WAREHOUSE_STATUS: Record<WarehouseStatus, WarehouseStatusMessage> = {
  active: WarehouseStatusMessage.ACTIVE,
  inactive: WarehouseStatusMessage.INACTIVE,
};

export const MOVEMENT_KIND: Record<MovementKind, MovementKindMessage> = {
  receive: MovementKindMessage.RECEIVE,
  adjust: MovementKindMessage.ADJUST,
  reserve: MovementKindMessage.RESERVE,
  commit: MovementKindMessage.COMMIT,
  release: MovementKindMessage.RELEASE,
  expire: MovementKindMessage.EXPIRE,
};

export const ADJUST_REASON: Record<AdjustReason, AdjustReasonMessage> = {
  count: AdjustReasonMessage.COUNT,
  damaged: AdjustReasonMessage.DAMAGED,
  lost: AdjustReasonMessage.LOST,
  found: AdjustReasonMessage.FOUND,
  returned: AdjustReasonMessage.RETURNED,
  other: AdjustReasonMessage.OTHER,
};

export const STOCK_REASON: Record<StockReason, StockReasonMessage> = {
  "in-stock": StockReasonMessage.IN_STOCK,
  "too-few": StockReasonMessage.TOO_FEW,
  "never-stocked": StockReasonMessage.NEVER_STOCKED,
  "unknown-warehouse": StockReasonMessage.UNKNOWN_WAREHOUSE,
  "inactive-warehouse": StockReasonMessage.INACTIVE_WAREHOUSE,
};

export const RESERVATION_STATUS: Record<ReservationStatus, ReservationStatusMessage> = {
  held: ReservationStatusMessage.HELD,
  committed: ReservationStatusMessage.COMMITTED,
  released: ReservationStatusMessage.RELEASED,
  expired: ReservationStatusMessage.EXPIRED,
};

/** The domain's word for a value on the wire; undefined for "not said". */
export function wordOf<Word extends string>(table: Readonly<Record<Word, number>>, value: number): Word | undefined {
  return (Object.keys(table) as Word[]).find((word) => table[word] === value);
}
