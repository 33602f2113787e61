import { currentContext, DEFAULT_TENANT, notFound } from "@plinth/kernel/base";
import { ALL_TENANTS, type Database, type Transaction } from "@plinth/kernel/database";
import { LRUCache } from "lru-cache";
import { type Line, mergedLines } from "../domain/lines.ts";
import {
  checkSameLines,
  DEFAULT_TTL_SECONDS,
  openReservation,
  planMove,
  type Reservation,
  type ReservationPlan,
  releasedBeforeArrival,
} from "../domain/reservation.ts";
import type { ReservationStore } from "../domain/reservation-store.ts";
import { LINE_MOVES } from "../domain/stock.ts";
import { commitAtOnce } from "./commit-at-once.ts";
import type { MoveStock } from "./move-stock.ts";
import { findReservation, insertReservation, lockReservation, type StoredReservation, updateReservation } from "./reservation-rows.ts";
import { reserveAtOnce } from "./reserve-at-once.ts";
import { resolveWarehouses } from "./resolve-warehouses.ts";
import type { StockEvents } from "./stock-events.ts";

/** Reservations whose expiry is booked in one transaction; the rest is taken in the next. */
const EXPIRED_BATCH = 100;

/** Of reservations that are remembered, of all together. */
const MOST_LINES = 20_000;

/** Reservations in Postgres. What goes as it mostly does is one statement; whatever is in its way is found, and dealt with, in a transaction. */
export class PostgresReservationStore implements ReservationStore {
  readonly #database: Database;
  readonly #moveStock: MoveStock;
  readonly #events: StockEvents;
  /** Those that this process has made, to commit them without reading them first: id and lines of a reservation never change. */
  readonly #made = new LRUCache<string, Reservation>({ maxSize: MOST_LINES, sizeCalculation: ({ lines }) => lines.length });

  constructor(database: Database, moveStock: MoveStock, events: StockEvents) {
    this.#database = database;
    this.#moveStock = moveStock;
    this.#events = events;
  }

  async reserve(reference: string, lines: readonly Line[], ttlSeconds: number): Promise<Reservation> {
    const merged = mergedLines(lines);
    if (areApart(merged)) {
      const made = await this.#database.statement((tx) => {
        const wanted = openReservation(tx.tenantId, reference, merged, ttlSeconds, new Date());
        return reserveAtOnce(tx, this.#events, wanted, ttlSeconds);
      });
      if (made !== undefined) {
        this.#made.set(keyOf(made.tenantId, reference), made);
        return made;
      }
    }
    return this.#database.transaction(async (tx) => {
      const { idOf, now } = await resolveWarehouses(
        tx,
        lines.map(({ warehouseId }) => warehouseId),
      );
      const placed = mergedLines(lines.map((line) => ({ ...line, warehouseId: idOf(line.warehouseId) })));
      const reservation = openReservation(tx.tenantId, reference, placed, ttlSeconds, now);
      // Who asks for a reference that is being made elsewhere waits here until it is made, or was refused.
      if (await insertReservation(tx, reservation)) {
        await this.#moveAll(tx, reservation, ["reserve"]);
        await this.#events.held(tx, reservation);
        return reservation;
      }
      const known = await getLocked(tx, reference);
      checkSameLines(known.reservation, placed);
      return this.#carryOut(tx, known, planMove(known.reservation, "reserve", ttlSeconds, known.now));
    });
  }

  findReservation(reference: string): Promise<Reservation | undefined> {
    return this.#database.read((tx) => findReservation(tx, reference));
  }

  async move(reference: string, move: "extend" | "commit", ttlSeconds: number): Promise<Reservation> {
    const committed = move === "commit" ? await this.#commitHeld(reference) : undefined;
    if (committed !== undefined) return committed;
    return this.#database.transaction(async (tx) => {
      const known = await getLocked(tx, reference);
      return this.#carryOut(tx, known, planMove(known.reservation, move, ttlSeconds, known.now));
    });
  }

  release(reference: string): Promise<Reservation> {
    return this.#database.transaction(async (tx) => {
      const closed = releasedBeforeArrival(tx.tenantId, reference, new Date());
      if (await insertReservation(tx, closed)) return closed;
      const known = await getLocked(tx, reference);
      return this.#carryOut(tx, known, planMove(known.reservation, "release", DEFAULT_TTL_SECONDS, known.now));
    });
  }

  async expire(): Promise<number> {
    const sql = `select tenant_id, (array_agg(id order by expires_at))[1:$1::int] as ids from reservations
      where status = 'held' and expires_at <= statement_timestamp() group by tenant_id`;
    const find = (tx: Transaction) => tx.query<{ tenant_id: string; ids: string[] }>(sql, [EXPIRED_BATCH]);
    let total = 0;
    for (;;) {
      const due = await this.#database.read(find, { tenantId: ALL_TENANTS });
      let booked = 0;
      for (const { tenant_id: tenantId, ids } of due) {
        const book = (tx: Transaction) => this.#moveStock(tx, { kind: "expire", lines: [], reference: "", expired: ids });
        booked += (await this.#database.transaction(book, { tenantId })).expired;
      }
      total += booked;
      // Nothing booked although something was due: others were faster.
      if (booked === 0) return total;
    }
  }

  /** Undefined where it is not held, which is looked into otherwise. */
  async #commitHeld(reference: string): Promise<Reservation | undefined> {
    const made = this.#made.get(keyOf(currentContext()?.tenantId ?? DEFAULT_TENANT, reference));
    const known = made ?? (await this.findReservation(reference));
    if (known?.status !== "held") return undefined;
    return this.#database.statement((tx) => commitAtOnce(tx, this.#events, known));
  }

  async #carryOut(tx: Transaction, { reservation }: StoredReservation, { stock, after }: ReservationPlan): Promise<Reservation> {
    await this.#moveAll(tx, after, stock);
    await updateReservation(tx, after);
    if (reservation.status !== after.status || reservation.expiresAt < after.expiresAt) await this.#events.changed(tx, reservation, after);
    return after;
  }

  async #moveAll(tx: Transaction, { lines, reference }: Reservation, moves: ReservationPlan["stock"]): Promise<void> {
    for (const kind of moves) {
      const moved = lines.map(({ sku, warehouseId, quantity }) => ({ sku, warehouseId, ...LINE_MOVES[kind](quantity) }));
      await this.#moveStock(tx, { kind, lines: moved, reference });
    }
  }
}

/** Whether they are of different places wherever the default warehouse is. */
function areApart(lines: readonly Line[]): boolean {
  const somewhere = new Set(lines.filter(({ warehouseId }) => warehouseId === "").map(({ sku }) => sku));
  return lines.length > 0 && lines.every(({ sku, warehouseId }) => warehouseId === "" || !somewhere.has(sku));
}

function keyOf(tenantId: string, reference: string): string {
  return `${tenantId} ${reference}`;
}

async function getLocked(tx: Transaction, reference: string): Promise<StoredReservation> {
  const known = await lockReservation(tx, reference);
  if (!known) throw notFound(`There is no reservation ${reference}.`, { reason: "RESERVATION_NOT_FOUND", metadata: { reference } });
  return known;
}
