import type { Page, PageRequest } from "@plinth/kernel/base";
import { type Database, listPage, type RememberedReads, type Transaction } from "@plinth/kernel/database";
import type { Service } from "@plinth/kernel/service";
import type { Calculator } from "../domain/calculator.ts";
import { DEFAULT_WAREHOUSE } from "../domain/fulfillment-entity.ts";
import { MAX_OPTIONS, type Option } from "../domain/option.ts";
import type { QuoteFacts, QuoteRequest } from "../domain/quote.ts";
import type { OptionStore } from "../domain/settings-store.ts";
import { EVERYWHERE, normalPostalCode, zoneNotFound } from "../domain/zone.ts";
import { calculatorOf, type StoredCalculator, storedCalculator } from "./stored-calculator.ts";
import { lockSettings, tooMany } from "./zone-store.ts";

const BY_CODE = [{ by: "code", direction: "asc" }] as const;
const OPTIONS = `
select o.*, (select coalesce(jsonb_agg(jsonb_build_object('zone', z.code, 'calculator', r.calculator) order by z.code), '[]')
  from option_rates r join zones z on z.id = r.zone_id where r.option_id = o.id) as rates
from options o where o.tenant_id = $1`;

/**
 * $1 tenant, $2 country, $3 postal code, $4 one option or empty, $5 warehouses. One row at least, so that the zone and those who ship are answered also
 * where there is no option.
 */
const QUOTE = `
with zone as (
  select z.id, z.code from zone_areas a join zones z on z.id = a.zone_id
  where a.tenant_id = $1 and ((a.country = $2 and starts_with($3, a.postal_prefix)) or a.country = '${EVERYWHERE}')
  order by a.country = '${EVERYWHERE}', length(a.postal_prefix) desc limit 1
)
select zone.code as zone, o.*, r.calculator, (
    select coalesce(json_agg(json_build_object('name', e.name, 'carriers', e.carriers) order by e.warehouse_id), '[]')
    from fulfillment_entities e where e.tenant_id = $1 and e.warehouse_id = any($5)
  ) as entities
from (select) as one left join zone on true
left join options o on o.tenant_id = $1 and o.active and ($4 = '' or o.code = $4)
left join option_rates r on r.option_id = o.id and r.zone_id = zone.id
order by o.code`;

interface OptionRow extends Record<string, unknown> {
  readonly id: string;
  readonly tenant_id: string;
  readonly code: string;
  readonly name: string;
  readonly carrier: string;
  readonly carrier_service: string;
  readonly min_days: number;
  readonly max_days: number;
  readonly max_weight_grams: string;
  readonly active: boolean;
  readonly created_at: Date;
  readonly updated_at: Date;
}
type OptionWithRates = OptionRow & { readonly rates: readonly { zone: string; calculator: StoredCalculator }[] };
type QuoteRow = (OptionRow | { readonly id: null }) & {
  readonly zone: string | null;
  readonly calculator: StoredCalculator | null;
  /** The same in each row. */
  readonly entities: QuoteFacts["entities"];
};

/** Options in Postgres. */
export class PostgresOptionStore implements OptionStore {
  readonly #database: Database;
  readonly #memory: RememberedReads;
  readonly #outlets: Pick<Service<unknown>, "audit">;

  constructor(database: Database, memory: RememberedReads, outlets: Pick<Service<unknown>, "audit">) {
    this.#database = database;
    this.#memory = memory;
    this.#outlets = outlets;
  }

  async setOption(option: Option): Promise<Option> {
    const set = await this.#database.transaction(async (tx) => {
      await lockSettings(tx);
      const [row] = await tx.query<{ id: string; created_at: Date; options: number }>(
        `insert into options (id, tenant_id, code, name, carrier, carrier_service, min_days, max_days, max_weight_grams, active, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         on conflict (tenant_id, code) do update set name = excluded.name, carrier = excluded.carrier, carrier_service = excluded.carrier_service,
           min_days = excluded.min_days, max_days = excluded.max_days, max_weight_grams = excluded.max_weight_grams, active = excluded.active,
           updated_at = excluded.updated_at
         returning id, created_at, (select count(*)::int from options where tenant_id = $2) as options`,
        [
          ...[option.id, tx.tenantId, option.code, option.name, option.carrier, option.carrierService],
          ...[option.minDays, option.maxDays, option.maxWeightGrams, option.active, option.createdAt, option.updatedAt],
        ],
      );
      const kept = { ...option, id: row?.id ?? option.id, createdAt: row?.created_at ?? option.createdAt };
      // The count was taken before this one was added.
      if (kept.id === option.id && (row?.options ?? 0) >= MAX_OPTIONS) throw tooMany("options", MAX_OPTIONS);
      await setRates(tx, kept);
      await this.#audit(tx, "option.set", kept.code);
      return kept;
    });
    this.#memory.forget();
    return set;
  }

  findOption(code: string): Promise<Option | undefined> {
    return this.#database.read(async (tx) => {
      const [row] = await tx.query<OptionWithRates>(`${OPTIONS} and o.code = $2`, [tx.tenantId, code]);
      return row === undefined ? undefined : optionOf(row);
    });
  }

  async listOptions(page: PageRequest): Promise<Page<Option>> {
    const rows = await this.#database.read((tx) =>
      listPage<OptionWithRates>(tx, { sql: OPTIONS, parameters: [tx.tenantId], order: BY_CODE, page }),
    );
    return { items: rows.items.map(optionOf), nextPageToken: rows.nextPageToken };
  }

  async removeOption(code: string): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const gone = await tx.query("delete from options where tenant_id = $1 and code = $2 returning id", [tx.tenantId, code]);
      if (gone.length > 0) await this.#audit(tx, "option.removed", code);
    });
    this.#memory.forget();
  }

  async quoteFacts({ country, postalCode, optionCode, warehouseIds }: QuoteRequest): Promise<QuoteFacts> {
    const warehouses = [...new Set(warehouseIds.map((id) => id || DEFAULT_WAREHOUSE))].sort();
    const parameters = [country, normalPostalCode(postalCode), optionCode, warehouses];
    const key = JSON.stringify(parameters);
    const facts = await this.#memory.read<QuoteFacts>([key], async (tx) => {
      const rows = await tx.query<QuoteRow>(QUOTE, [tx.tenantId, ...parameters]);
      const options = rows.flatMap((row) => (row.id === null ? [] : [{ option: definitionOf(row), calculator: calculatorIn(row) }]));
      return new Map([[key, { zone: rows[0]?.zone ?? undefined, options, entities: rows[0]?.entities ?? [] }]]);
    });
    return facts.get(key) as QuoteFacts;
  }

  #audit(tx: Transaction, action: string, code: string): Promise<void> {
    return this.#outlets.audit(tx, { action, resource: "option", resourceId: code, outcome: "success" });
  }
}

async function setRates(tx: Transaction, { id, rates }: Option): Promise<void> {
  const zones = rates.map(({ zone }) => zone);
  const sql = "select id, code from zones where tenant_id = $1 and code = any($2)";
  const known = new Map((await tx.query<{ id: string; code: string }>(sql, [tx.tenantId, zones])).map((zone) => [zone.code, zone.id]));
  const missing = zones.find((zone) => !known.has(zone));
  if (missing !== undefined) throw zoneNotFound(missing);
  await tx.query("delete from option_rates where tenant_id = $1 and option_id = $2", [tx.tenantId, id]);
  await tx.query(
    `insert into option_rates (tenant_id, option_id, zone_id, calculator)
     select $1, $2, zone_id, calculator from unnest($3::text[], $4::jsonb[]) as rate (zone_id, calculator)`,
    [tx.tenantId, id, zones.map((zone) => known.get(zone)), rates.map(({ calculator }) => storedCalculator(calculator))],
  );
}

function definitionOf(row: OptionRow): Omit<Option, "rates"> {
  const { id, code, name, carrier, active } = row;
  return {
    ...{ id, code, name, carrier, active, tenantId: row.tenant_id, carrierService: row.carrier_service, minDays: row.min_days },
    ...{ maxDays: row.max_days, maxWeightGrams: BigInt(row.max_weight_grams), createdAt: row.created_at, updatedAt: row.updated_at },
  };
}

function optionOf(row: OptionWithRates): Option {
  return { ...definitionOf(row), rates: row.rates.map(({ zone, calculator }) => ({ zone, calculator: calculatorOf(calculator) })) };
}

function calculatorIn({ calculator }: QuoteRow): Calculator | undefined {
  return calculator === null ? undefined : calculatorOf(calculator);
}
