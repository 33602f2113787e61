import { timestampFromDate, timestampNow } from "@bufbuild/protobuf/wkt";
import type { Transaction } from "@plinth/kernel/database";
import type { Service } from "@plinth/kernel/service";
import {
  ReservationCommittedSchema,
  ReservationCreatedSchema,
  ReservationExpiredSchema,
  ReservationExtendedSchema,
  ReservationReleasedSchema,
  StockChangedSchema,
  StockLowSchema,
} from "@plinth/proto/inventory/v1/events_pb";
import type { Reservation } from "../domain/reservation.ts";
import { fellLow, type Level, type MovementKind } from "../domain/stock.ts";
import { MOVEMENT_KIND } from "../messages/enums.ts";

export interface MovedLevel extends Level {
  readonly availableBefore: bigint;
  /** Undefined: the module's setting holds. */
  readonly threshold: bigint | undefined;
  /** False: it moved only because a reservation expired. */
  readonly wanted: boolean;
}

/** Says what happened to stock and reservations, in the transaction in which it happens. */
export class StockEvents {
  readonly #outlets: Pick<Service<unknown>, "publish">;
  readonly #lowStockThreshold: () => bigint;

  constructor(outlets: Pick<Service<unknown>, "publish">, lowStockThreshold: () => bigint) {
    this.#outlets = outlets;
    this.#lowStockThreshold = lowStockThreshold;
  }

  async moved(tx: Transaction, levels: readonly MovedLevel[], kind: MovementKind, reference: string): Promise<void> {
    for (const level of levels) {
      const { sku, warehouseId, productId, onHand, reserved, availableBefore, wanted } = level;
      const available = onHand - reserved;
      const at = timestampFromDate(level.updatedAt);
      const stock = { sku, warehouseId, productId, onHand, reserved, available };
      const cause = wanted ? { kind: MOVEMENT_KIND[kind], reference } : { kind: MOVEMENT_KIND.expire, reference: "" };
      await this.#outlets.publish(tx, StockChangedSchema, { ...stock, ...cause, changedAt: at });
      const threshold = level.threshold ?? this.#lowStockThreshold();
      if (fellLow(availableBefore, available, threshold))
        await this.#outlets.publish(tx, StockLowSchema, { ...stock, threshold, fellAt: at });
    }
  }

  async expired(tx: Transaction, reservations: readonly { readonly id: string; readonly reference: string }[]): Promise<void> {
    for (const { id: reservationId, reference } of reservations) {
      await this.#outlets.publish(tx, ReservationExpiredSchema, { reservationId, reference, expiredAt: timestampNow() });
    }
  }

  held(tx: Transaction, { id: reservationId, reference, lines, expiresAt, createdAt }: Reservation): Promise<void> {
    return this.#outlets.publish(tx, ReservationCreatedSchema, {
      reservationId,
      reference,
      lines: [...lines],
      expiresAt: timestampFromDate(expiresAt),
      createdAt: timestampFromDate(createdAt),
    });
  }

  async changed(
    tx: Transaction,
    before: Reservation,
    { id: reservationId, reference, lines, status, expiresAt, endedAt }: Reservation,
  ): Promise<void> {
    const at = timestampFromDate(endedAt ?? new Date());
    if (status === "held") {
      const times = { expiresAt: timestampFromDate(expiresAt), extendedAt: at };
      await this.#outlets.publish(tx, ReservationExtendedSchema, { reservationId, reference, ...times });
    } else if (status === "committed" && before.status !== "committed") {
      await this.#outlets.publish(tx, ReservationCommittedSchema, { reservationId, reference, lines: [...lines], committedAt: at });
    } else if (status === "released" && before.status !== "released") {
      await this.#outlets.publish(tx, ReservationReleasedSchema, { reservationId, reference, releasedAt: at });
    }
  }
}
