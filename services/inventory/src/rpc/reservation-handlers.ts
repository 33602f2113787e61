import { notFound } from "@plinth/kernel/base";
import type { Handlers } from "@plinth/kernel/rpc";
import type { InventoryService } from "@plinth/proto/inventory/v1/inventory_pb";
import { DEFAULT_TTL_SECONDS } from "../domain/reservation.ts";
import type { ReservationStore } from "../domain/reservation-store.ts";
import { reservationMessage } from "../messages/stock-message.ts";

type ReservationHandlers = Pick<
  Handlers<typeof InventoryService>,
  "reserve" | "getReservation" | "extendReservation" | "commitReservation" | "releaseReservation"
>;

export function reservationHandlers(reservations: ReservationStore): ReservationHandlers {
  return {
    async reserve({ reference, lines, ttlSeconds }, context) {
      context.restStatus = 201;
      return reservationMessage(await reservations.reserve(reference, lines, ttlSeconds || DEFAULT_TTL_SECONDS), new Date());
    },

    async getReservation({ reference }) {
      const reservation = await reservations.findReservation(reference);
      if (!reservation)
        throw notFound(`There is no reservation ${reference}.`, { reason: "RESERVATION_NOT_FOUND", metadata: { reference } });
      return reservationMessage(reservation, new Date());
    },

    async extendReservation({ reference, ttlSeconds }) {
      return reservationMessage(await reservations.move(reference, "extend", ttlSeconds || DEFAULT_TTL_SECONDS), new Date());
    },

    async commitReservation({ reference }) {
      return reservationMessage(await reservations.move(reference, "commit", DEFAULT_TTL_SECONDS), new Date());
    },

    async releaseReservation({ reference }) {
      return reservationMessage(await reservations.release(reference), new Date());
    },
  };
}
