import type { Page, PageRequest } from "@plinth/kernel/base";
import { ALL_TENANTS, type Database, listPage, type PageOrder, type Transaction } from "@plinth/kernel/database";
import { type ShipmentWithEntity, shipmentNotFound } from "../domain/shipment.ts";
import type { Decision, PastHappening, ShipmentFilter, ShipmentName, ShipmentStore } from "../domain/shipment-store.ts";
import { type FullShipmentRow, shipmentOf } from "./rows.ts";
import type { ShipmentEvents } from "./shipment-events.ts";
import { readShipments, SHIPMENTS, updateShipments } from "./shipment-sql.ts";

const NEWEST: readonly PageOrder[] = [
  { by: "created_at", direction: "desc" },
  { by: "id", direction: "desc" },
];
/** Lines of a shipment's history that are shown. */
const HISTORY_SHOWN = 500;

type NameRow = { readonly id: string; readonly tenant_id: string };

/** Shipments in Postgres. */
export class PostgresShipmentStore implements ShipmentStore {
  readonly #database: Database;
  readonly #events: ShipmentEvents;

  constructor(database: Database, events: ShipmentEvents) {
    this.#database = database;
    this.#events = events;
  }

  change<T>(id: string, decide: (found: ShipmentWithEntity) => Decision<T>): Promise<T> {
    return this.#database.transaction(async (tx) => {
      const [found] = await readShipments(tx, "s.id = $2", [id], true);
      if (found === undefined) throw shipmentNotFound(id);
      const { result, shipment, happening } = decide(found);
      if (shipment !== undefined) await updateShipments(tx, [{ ...found, shipment, ...(happening && { happening }) }]);
      if (shipment !== undefined && happening !== undefined) await this.#events.changed(tx, shipment, happening);
      return result;
    });
  }

  findShipment(id: string): Promise<ShipmentWithEntity | undefined> {
    return this.#database.read(async (tx) => (await readShipments(tx, "s.id = $2", [id]))[0]);
  }

  async listShipments({ orderId, status, userId }: ShipmentFilter, page: PageRequest): Promise<Page<ShipmentWithEntity>> {
    const rows = await this.#database.read((tx) => {
      const parameters: unknown[] = [tx.tenantId];
      let sql = SHIPMENTS;
      if (orderId !== "") sql += ` and s.order_id = $${parameters.push(orderId)}`;
      if (status !== undefined) sql += ` and s.status = $${parameters.push(status)}`;
      if (userId !== undefined) sql += ` and s.user_id = $${parameters.push(userId)} and s.user_id <> ''`;
      return listPage<FullShipmentRow>(tx, { sql, parameters, order: NEWEST, page });
    });
    return { items: rows.items.map(shipmentOf), nextPageToken: rows.nextPageToken };
  }

  async listHistory(id: string): Promise<PastHappening[]> {
    const sql = "select status, detail, at from shipment_history where tenant_id = $1 and shipment_id = $2 order by id limit $3";
    const rows = await this.#database.read((tx) => tx.query<PastHappening>(sql, [tx.tenantId, id, HISTORY_SHOWN]));
    return rows.map(({ status, detail, at }) => ({ status, detail, at }));
  }

  async listAbandoned(now: Date, limit: number): Promise<ShipmentName[]> {
    const sql = "select id, tenant_id from shipments where buying_until <= $1 order by buying_until limit $2";
    const rows = await this.#database.read((tx) => tx.query<NameRow>(sql, [now, limit]), { tenantId: ALL_TENANTS });
    return rows.map(nameOf);
  }

  async findAtCarrier(carrier: string, names: { trackerId: string; carrierShipmentId: string }): Promise<ShipmentName | undefined> {
    const sql = `
      select id, tenant_id from shipments where tracker_id = $2 and carrier = $1
      union all select id, tenant_id from shipments where carrier_shipment_id = $3 and carrier = $1 limit 1`;
    const read = (tx: Transaction) => tx.query<NameRow>(sql, [carrier, names.trackerId, names.carrierShipmentId]);
    const [row] = await this.#database.read(read, { tenantId: ALL_TENANTS });
    return row === undefined ? undefined : nameOf(row);
  }

  async isEventSeen(carrier: string, eventId: string): Promise<boolean> {
    const sql = "select from heard_events where carrier = $1 and event_id = $2";
    return (await this.#database.read((tx) => tx.query(sql, [carrier, eventId]))).length > 0;
  }

  async noteEvent(carrier: string, eventId: string, type: string): Promise<void> {
    const sql = "insert into heard_events (carrier, event_id, type) values ($1, $2, $3) on conflict do nothing";
    await this.#database.statement((tx) => tx.query(sql, [carrier, eventId, type]));
  }

  async removeEventsBefore(moment: Date): Promise<void> {
    await this.#database.statement((tx) => tx.query("delete from heard_events where heard_at < $1", [moment]));
  }
}

function nameOf({ id, tenant_id: tenantId }: NameRow): ShipmentName {
  return { id, tenantId };
}
