import { conflict, defineTransitions, newId } from "@plinth/kernel/base";
import { type Line, sameLines } from "./lines.ts";

export type ReservationStatus = "held" | "committed" | "released" | "expired";
export type ReservationMove = "reserve" | "extend" | "commit" | "release" | "expire";

export interface Reservation {
  readonly id: string;
  readonly tenantId: string;
  /** The caller's name for it, unique in the tenant. */
  readonly reference: string;
  /** `held` says that its stock is in the levels, also when its time has passed and nobody needed the stock yet. */
  readonly status: ReservationStatus;
  /** Merged. */
  readonly lines: readonly Line[];
  readonly expiresAt: Date;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
}

export const DEFAULT_TTL_SECONDS = 600;

const LIFE = defineTransitions<ReservationStatus, ReservationMove>("reservation", "RESERVATION_STATUS", {
  held: { reserve: "held", extend: "held", commit: "committed", release: "released", expire: "expired" },
  expired: { reserve: "held", extend: "held", commit: "committed", release: "released" },
  // The same move again is no mistake: whoever did not hear the answer repeats it.
  committed: { reserve: "committed", commit: "committed" },
  released: { release: "released" },
});

/** What is to be done with the stock, in this order, and how the reservation is afterwards. */
export interface ReservationPlan {
  readonly stock: readonly ("reserve" | "commit" | "release")[];
  readonly after: Reservation;
}

export function openReservation(tenantId: string, reference: string, lines: readonly Line[], ttlSeconds: number, now: Date): Reservation {
  return {
    id: newId("res"),
    tenantId,
    reference,
    status: "held",
    lines,
    expiresAt: laterBy(now, ttlSeconds),
    createdAt: now,
    endedAt: null,
  };
}

/** Stands for a reference that was released before it arrived, so that it finds the door closed when it does. */
export function releasedBeforeArrival(tenantId: string, reference: string, now: Date): Reservation {
  return { id: newId("res"), tenantId, reference, status: "released", lines: [], expiresAt: now, createdAt: now, endedAt: now };
}

/** Throws CONFLICT, reason RESERVATION_STATUS. */
export function planMove(
  reservation: Reservation,
  move: "reserve" | "extend" | "commit" | "release",
  ttlSeconds: number,
  now: Date,
): ReservationPlan {
  const { status } = reservation;
  const next = LIFE.next(status, move, undefined);
  const again = status === "expired" && next !== "released";
  const prolonged = move === "extend" || again ? latest(reservation.expiresAt, laterBy(now, ttlSeconds)) : reservation.expiresAt;
  const ends = next !== "held" && next !== status;
  return {
    stock: [
      ...(again ? (["reserve"] as const) : []),
      ...(next === "committed" && status !== "committed" ? (["commit"] as const) : []),
      ...(next === "released" && status === "held" ? (["release"] as const) : []),
    ],
    after: { ...reservation, status: next, expiresAt: prolonged, endedAt: next === "held" ? null : ends ? now : reservation.endedAt },
  };
}

/** A reference stands for its lines. Throws CONFLICT, reason RESERVATION_EXISTS. */
export function checkSameLines({ reference, status, lines }: Reservation, wanted: readonly Line[]): void {
  // Of a reference that was closed before it arrived no lines are known; its status refuses it.
  if (status === "released" || sameLines(lines, wanted)) return;
  throw conflict(`There is a reservation ${reference} with other lines.`, { reason: "RESERVATION_EXISTS", metadata: { reference } });
}

/** As its owner sees it: past its time it has expired, whether or not its stock was given back yet. */
export function statusAt({ status, expiresAt }: Reservation, now: Date): ReservationStatus {
  return status === "held" && expiresAt <= now ? "expired" : status;
}

function laterBy(now: Date, seconds: number): Date {
  return new Date(now.getTime() + seconds * 1000);
}

function latest(a: Date, b: Date): Date {
  return a > b ? a : b;
}
