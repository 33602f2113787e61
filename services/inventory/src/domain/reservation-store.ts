import type { Line } from "./lines.ts";
import type { Reservation } from "./reservation.ts";

/** Each change writes the reservation, the levels, the ledger and the events in one transaction. */
export interface ReservationStore {
  /** Throws CONFLICT, reasons OUT_OF_STOCK, RESERVATION_STATUS, RESERVATION_EXISTS, WAREHOUSE_INACTIVE; NOT_FOUND, reason WAREHOUSE_NOT_FOUND. */
  reserve(reference: string, lines: readonly Line[], ttlSeconds: number): Promise<Reservation>;
  findReservation(reference: string): Promise<Reservation | undefined>;
  /** Throws NOT_FOUND, reason RESERVATION_NOT_FOUND; CONFLICT, reasons RESERVATION_STATUS, OUT_OF_STOCK. */
  move(reference: string, move: "extend" | "commit", ttlSeconds: number): Promise<Reservation>;
  /** Also of a reference that never arrived. Throws CONFLICT, reason RESERVATION_STATUS. */
  release(reference: string): Promise<Reservation>;
  /** Books the expiry of reservations whose time has passed, in every tenant; answers how many. */
  expire(): Promise<number>;
}
