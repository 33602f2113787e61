import type { Transaction } from "@plinth/kernel/database";
import type { Line } from "../domain/lines.ts";
import type { Reservation } from "../domain/reservation.ts";

export interface StoredReservation {
  readonly reservation: Reservation;
  /** The database's time, one for all instances. */
  readonly now: Date;
}

type Row = Omit<Reservation, "lines"> & {
  readonly now: Date;
  readonly lines: readonly (Omit<Line, "quantity"> & { readonly quantity: string })[];
};

const SELECT = `
select r.id, r.tenant_id as "tenantId", r.reference, r.status, r.expires_at as "expiresAt", r.created_at as "createdAt", r.ended_at as "endedAt",
  statement_timestamp() as now,
  (select coalesce(json_agg(json_build_object('sku', l.sku, 'warehouseId', l.warehouse_id, 'quantity', l.quantity::text)
      order by l.sku collate "C", l.warehouse_id collate "C"), '[]')
    from reservation_lines l where l.reservation_id = r.id) as lines
from reservations r where r.tenant_id = $1 and r.reference = $2`;

/**
 * Whoever makes a reservation takes its reference first. Who waited for the reference would otherwise wait for it in the middle: with levels in hand, or before.
 */
export const LOCK_REFERENCE = (tenant: string, reference: string): string =>
  `pg_advisory_xact_lock(hashtextextended('inventory.reservation ' || ${tenant} || ' ' || ${reference}, 0))`;

const INSERT = `
with turn as materialized (select ${LOCK_REFERENCE("$2", "$3")}),
made as (
  insert into reservations (id, tenant_id, reference, status, expires_at, created_at, ended_at) select $1, $2, $3, $4, $5, $6, $7 from turn
  on conflict (tenant_id, reference) do nothing returning id
), lines as (
  insert into reservation_lines (reservation_id, tenant_id, sku, warehouse_id, quantity)
  select made.id, $2, l.sku, l.warehouse_id, l.quantity
  from made, unnest($8::text[], $9::text[], $10::bigint[]) as l (sku, warehouse_id, quantity)
)
select id from made`;

/** False when the reference is taken. Waits for a transaction that is just about to take it. */
export async function insertReservation(tx: Transaction, reservation: Reservation): Promise<boolean> {
  const { id, tenantId, reference, status, expiresAt, createdAt, endedAt, lines } = reservation;
  const made = await tx.query(INSERT, [
    ...[id, tenantId, reference, status, expiresAt, createdAt, endedAt],
    lines.map(({ sku }) => sku),
    lines.map(({ warehouseId }) => warehouseId),
    lines.map(({ quantity }) => quantity),
  ]);
  return made.length > 0;
}

export async function findReservation(tx: Transaction, reference: string): Promise<Reservation | undefined> {
  return (await query(tx, SELECT, reference))?.reservation;
}

export function lockReservation(tx: Transaction, reference: string): Promise<StoredReservation | undefined> {
  return query(tx, `${SELECT} for update of r`, reference);
}

export async function updateReservation(tx: Transaction, { id, status, expiresAt, endedAt }: Reservation): Promise<void> {
  await tx.query("update reservations set status = $2, expires_at = $3, ended_at = $4 where id = $1", [id, status, expiresAt, endedAt]);
}

async function query(tx: Transaction, sql: string, reference: string): Promise<StoredReservation | undefined> {
  const [row] = await tx.query<Row>(sql, [tx.tenantId, reference]);
  if (row === undefined) return undefined;
  const { now, lines, ...same } = row;
  return { reservation: { ...same, lines: lines.map((line) => ({ ...line, quantity: BigInt(line.quantity) })) }, now };
}
