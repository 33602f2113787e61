import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { idFromUuid } from "@plinth/kernel/base";
import type {
  ItemSchema,
  LevelSchema,
  MovementSchema,
  ReservationSchema,
  StockCheckSchema,
  WarehouseSchema,
} from "@plinth/proto/inventory/v1/inventory_pb";
import { type Reservation, statusAt } from "../domain/reservation.ts";
import type { Item, Level, Movement, StockAnswer } from "../domain/stock.ts";
import type { Warehouse } from "../domain/warehouse.ts";
import { ADJUST_REASON, MOVEMENT_KIND, RESERVATION_STATUS, STOCK_REASON, WAREHOUSE_STATUS } from "./enums.ts";

export function warehouseMessage({ status, createdAt, updatedAt, ...same }: Warehouse): MessageInitShape<typeof WarehouseSchema> {
  const { id, code, name, country, isDefault, version } = same;
  const times = { createdAt: timestampFromDate(createdAt), updatedAt: timestampFromDate(updatedAt) };
  return { id, code, name, country, isDefault, version, status: WAREHOUSE_STATUS[status], ...times };
}

export function itemMessage({ sku, productId, lowStockThreshold }: Item): MessageInitShape<typeof ItemSchema> {
  return { sku, productId, ...(lowStockThreshold === null ? {} : { lowStockThreshold }) };
}

export function levelMessage({ sku, warehouseId, productId, onHand, reserved, updatedAt }: Level): MessageInitShape<typeof LevelSchema> {
  return { sku, warehouseId, productId, onHand, reserved, available: onHand - reserved, updatedAt: timestampFromDate(updatedAt) };
}

export function stockCheckMessage({ reason, onHand, reserved, ...same }: StockAnswer): MessageInitShape<typeof StockCheckSchema> {
  const { productId, sku, warehouseId, quantity } = same;
  const stock = { onHand, reserved, available: onHand - reserved, inStock: reason === "in-stock", reason: STOCK_REASON[reason] };
  return { productId, sku, warehouseId, quantity, ...stock };
}

export function movementMessage({ id, kind, reason, createdAt, ...same }: Movement): MessageInitShape<typeof MovementSchema> {
  return {
    ...same,
    id: idFromUuid("mov", id),
    kind: MOVEMENT_KIND[kind],
    ...(reason === "" ? {} : { reason: ADJUST_REASON[reason] }),
    createdAt: timestampFromDate(createdAt),
  };
}

export function reservationMessage(reservation: Reservation, now: Date): MessageInitShape<typeof ReservationSchema> {
  const { id, reference, lines, expiresAt, createdAt, endedAt } = reservation;
  return {
    id,
    reference,
    status: RESERVATION_STATUS[statusAt(reservation, now)],
    lines: [...lines],
    expiresAt: timestampFromDate(expiresAt),
    createdAt: timestampFromDate(createdAt),
    ...(endedAt ? { endedAt: timestampFromDate(endedAt) } : {}),
  };
}
