import { conflict, type Page, type PageRequest } from "@plinth/kernel/base";
import { type Database, databaseErrorCode, listPage, type RememberedReads, type Transaction } from "@plinth/kernel/database";
import type { Service } from "@plinth/kernel/service";
import type { ZoneStore } from "../domain/settings-store.ts";
import { areasOf, MAX_ZONES, type Place, placesOf, type Zone, zonesOverlap } from "../domain/zone.ts";

const BY_CODE = [{ by: "code", direction: "asc" }] as const;
const ZONES = `
select z.*, (select coalesce(jsonb_agg(jsonb_build_object('country', a.country, 'postalPrefix', a.postal_prefix) order by a.country, a.postal_prefix), '[]')
  from zone_areas a where a.zone_id = z.id) as places
from zones z where z.tenant_id = $1`;
/** Of a foreign key. */
const STILL_REFERENCED = "23503";

interface ZoneRow extends Record<string, unknown> {
  readonly id: string;
  readonly tenant_id: string;
  readonly code: string;
  readonly name: string;
  readonly places: readonly Place[];
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** Zones in Postgres. */
export class PostgresZoneStore implements ZoneStore {
  readonly #database: Database;
  readonly #memory: Pick<RememberedReads, "forget">;
  readonly #outlets: Pick<Service<unknown>, "audit">;

  constructor(database: Database, memory: Pick<RememberedReads, "forget">, outlets: Pick<Service<unknown>, "audit">) {
    this.#database = database;
    this.#memory = memory;
    this.#outlets = outlets;
  }

  async setZone(zone: Zone): Promise<Zone> {
    const set = await this.#database.transaction(async (tx) => {
      await lockSettings(tx);
      const { id, code, name, createdAt, updatedAt } = zone;
      const [row] = await tx.query<{ id: string; created_at: Date; zones: number }>(
        `insert into zones (id, tenant_id, code, name, created_at, updated_at) values ($1, $2, $3, $4, $5, $6)
         on conflict (tenant_id, code) do update set name = excluded.name, updated_at = excluded.updated_at
         returning id, created_at, (select count(*)::int from zones where tenant_id = $2) as zones`,
        [id, tx.tenantId, code, name, createdAt, updatedAt],
      );
      const kept = { ...zone, id: row?.id ?? id, createdAt: row?.created_at ?? createdAt };
      // The count was taken before this one was added.
      if (kept.id === id && (row?.zones ?? 0) >= MAX_ZONES) throw tooMany("zones", MAX_ZONES);
      await this.#setPlaces(tx, kept);
      await this.#audit(tx, "zone.set", kept.code);
      return kept;
    });
    this.#memory.forget();
    return set;
  }

  findZone(code: string): Promise<Zone | undefined> {
    return this.#database.read(async (tx) => {
      const [row] = await tx.query<ZoneRow>(`${ZONES} and z.code = $2`, [tx.tenantId, code]);
      return row === undefined ? undefined : zoneOf(row);
    });
  }

  async listZones(page: PageRequest): Promise<Page<Zone>> {
    const rows = await this.#database.read((tx) => listPage<ZoneRow>(tx, { sql: ZONES, parameters: [tx.tenantId], order: BY_CODE, page }));
    return { items: rows.items.map(zoneOf), nextPageToken: rows.nextPageToken };
  }

  async removeZone(code: string): Promise<void> {
    const work = async (tx: Transaction) => {
      const gone = await tx.query("delete from zones where tenant_id = $1 and code = $2 returning id", [tx.tenantId, code]);
      if (gone.length > 0) await this.#audit(tx, "zone.removed", code);
    };
    await this.#database.transaction(work).catch((error: unknown) => {
      throw databaseErrorCode(error) === STILL_REFERENCED ? inUse(code, error) : error;
    });
    this.#memory.forget();
  }

  async #setPlaces(tx: Transaction, zone: Zone): Promise<void> {
    const places = placesOf(zone);
    const columns = [places.map(({ country }) => country), places.map(({ postalPrefix }) => postalPrefix)];
    await tx.query("delete from zone_areas where tenant_id = $1 and zone_id = $2", [tx.tenantId, zone.id]);
    const [taken] = await tx.query<{ country: string; postal_prefix: string; code: string }>(
      `select a.country, a.postal_prefix, z.code from unnest($2::text[], $3::text[]) as wanted (country, postal_prefix)
       join zone_areas a on a.tenant_id = $1 and a.country = wanted.country and a.postal_prefix = wanted.postal_prefix
       join zones z on z.id = a.zone_id order by a.country, a.postal_prefix limit 1`,
      [tx.tenantId, ...columns],
    );
    if (taken !== undefined) throw zonesOverlap({ country: taken.country, postalPrefix: taken.postal_prefix }, taken.code);
    await tx.query(
      `insert into zone_areas (tenant_id, zone_id, country, postal_prefix)
       select $1, $2, country, postal_prefix from unnest($3::text[], $4::text[]) as place (country, postal_prefix)`,
      [tx.tenantId, zone.id, ...columns],
    );
  }

  #audit(tx: Transaction, action: string, code: string): Promise<void> {
    return this.#outlets.audit(tx, { action, resource: "zone", resourceId: code, outcome: "success" });
  }
}

/** One change at a time in a tenant: zones share out the world among them, options name them, and both change rarely. */
export async function lockSettings(tx: Transaction): Promise<void> {
  await tx.query("select pg_advisory_xact_lock(hashtextextended('shipping.settings ' || $1, 0))", [tx.tenantId]);
}

export function tooMany(what: "zones" | "options", most: number): Error {
  return conflict(`There are ${most} ${what} already; remove one first.`, { reason: `TOO_MANY_${what.toUpperCase()}` });
}

function inUse(code: string, cause: unknown): Error {
  return conflict(`An option has a rate for zone ${code}; take it out there first.`, {
    reason: "ZONE_IN_USE",
    metadata: { zone: code },
    cause,
  });
}

function zoneOf({ id, tenant_id: tenantId, code, name, places, created_at: createdAt, updated_at: updatedAt }: ZoneRow): Zone {
  return { id, tenantId, code, name, ...areasOf(places), createdAt, updatedAt };
}
