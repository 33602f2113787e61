import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromDate, timestampNow } from "@bufbuild/protobuf/wkt";
import type { Statement, Transaction } from "@plinth/kernel/database";
import type { PreparedEvents } from "@plinth/kernel/events";
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

/** Stands for the default warehouse, which the statement finds. */
const UNKNOWN = "?";

type Outlets = Pick<Service<unknown>, "publish" | "prepareEvents">;

/** Says what happened to stock and reservations, in the transaction in which it happens. */
export class StockEvents {
  readonly #outlets: Outlets;
  /** Of SKUs that have none of their own. */
  readonly lowStockThreshold: () => bigint;

  constructor(outlets: Outlets, lowStockThreshold: () => bigint) {
    this.#outlets = outlets;
    this.lowStockThreshold = lowStockThreshold;
  }

  async moved(tx: Transaction, levels: readonly MovedLevel[], kind: MovementKind, reference: string): Promise<void> {
    for (const level of levels) {
      const { sku, warehouseId, productId, onHand, reserved, availableBefore, wanted } = level;
      const available = onHand - reserved;
      const at = timestampFromDate(level.updatedAt);
      const stock = { sku, warehouseId, productId, onHand, reserved, available };
      const cause = wanted ? { kind: MOVEMENT_KIND[kind], reference } : { kind: MOVEMENT_KIND.expire, reference: "" };
      await this.#outlets.publish(tx, StockChangedSchema, { ...stock, ...cause, changedAt: at });
      const threshold = level.threshold ?? this.lowStockThreshold();
      if (fellLow(availableBefore, available, threshold))
        await this.#outlets.publish(tx, StockLowSchema, { ...stock, threshold, fellAt: at });
    }
  }

  async expired(tx: Transaction, reservations: readonly { readonly id: string; readonly reference: string }[]): Promise<void> {
    for (const { id: reservationId, reference } of reservations) {
      await this.#outlets.publish(tx, ReservationExpiredSchema, { reservationId, reference, expiredAt: timestampNow() });
    }
  }

  async held(tx: Transaction, reservation: Reservation): Promise<void> {
    await this.#outlets.publish(tx, ReservationCreatedSchema, created(reservation));
  }

  /** For the statement that reserves: `held`, `changed 1` and `low 1` for its first line, and so on. Warehouses, levels and all times are the statement's to add. */
  prepareHeld(tx: Statement, reservation: Reservation): PreparedEvents {
    const prepared = this.#prepareChanges(tx, reservation, "reserve");
    for (const [index, { sku, warehouseId }] of reservation.lines.entries())
      prepared.add(`low ${index + 1}`, StockLowSchema, { sku, warehouseId: warehouseId || UNKNOWN, fellAt: timestampNow() });
    prepared.add("held", ReservationCreatedSchema, created(reservation));
    return prepared;
  }

  /** For the statement that commits: `committed`, and `changed 1` for its first line, and so on. The levels and all times are the statement's to add. */
  prepareCommitted(tx: Statement, reservation: Reservation): PreparedEvents {
    const prepared = this.#prepareChanges(tx, reservation, "commit");
    prepared.add("committed", ReservationCommittedSchema, committed(reservation, timestampNow()));
    return prepared;
  }

  async changed(tx: Transaction, before: Reservation, after: Reservation): Promise<void> {
    const { id: reservationId, reference, status, expiresAt, endedAt } = after;
    const at = timestampFromDate(endedAt ?? new Date());
    if (status === "held") {
      const times = { expiresAt: timestampFromDate(expiresAt), extendedAt: at };
      await this.#outlets.publish(tx, ReservationExtendedSchema, { reservationId, reference, ...times });
    } else if (status === "committed" && before.status !== "committed") {
      await this.#outlets.publish(tx, ReservationCommittedSchema, committed(after, at));
    } else if (status === "released" && before.status !== "released") {
      await this.#outlets.publish(tx, ReservationReleasedSchema, { reservationId, reference, releasedAt: at });
    }
  }

  #prepareChanges(tx: Statement, { reference, lines }: Reservation, kind: MovementKind): PreparedEvents {
    const prepared = this.#outlets.prepareEvents(tx);
    const cause = { kind: MOVEMENT_KIND[kind], reference };
    for (const [index, { sku, warehouseId }] of lines.entries())
      prepared.add(`changed ${index + 1}`, StockChangedSchema, {
        sku,
        warehouseId: warehouseId || UNKNOWN,
        ...cause,
        changedAt: timestampNow(),
      });
    return prepared;
  }
}

function created({ id, reference, lines, expiresAt, createdAt }: Reservation): MessageInitShape<typeof ReservationCreatedSchema> {
  const times = { expiresAt: timestampFromDate(expiresAt), createdAt: timestampFromDate(createdAt) };
  return { reservationId: id, reference, lines: [...lines], ...times };
}

function committed({ id, reference, lines }: Reservation, at: Timestamp): MessageInitShape<typeof ReservationCommittedSchema> {
  return { reservationId: id, reference, lines: [...lines], committedAt: at };
}
