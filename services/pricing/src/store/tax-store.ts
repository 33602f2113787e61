import type { Page, PageRequest } from "@plinth/kernel/base";
import { type Database, listPage, type RememberedReads } from "@plinth/kernel/database";
import type { Service } from "@plinth/kernel/service";
import type { CountryTaxRate, TaxStore } from "../domain/tax-store.ts";

const BY_CLASS = [
  { by: "country", direction: "asc" },
  { by: "taxClass", direction: "asc" },
  { by: "validFrom", direction: "asc" },
] as const;

/** "Since always" orders before every moment. */
const SINCE_ALWAYS = "-infinity";

const SET = `
insert into tax_rates (tenant_id, country, tax_class, valid_from, name, rate)
select $1, r.* from unnest($2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[]) as r (country, tax_class, valid_from, name, rate)
order by country, tax_class, valid_from
on conflict (tenant_id, country, tax_class, valid_from) do update set name = excluded.name, rate = excluded.rate`;

const RATES = `
select country, tax_class as "taxClass", valid_from as "validFrom", name, rate from tax_rates where tenant_id = $1 and ($2 = '' or country = $2)`;

/** The driver gives a number for what is before every date. */
type RateRow = Omit<CountryTaxRate, "validFrom"> & { validFrom: Date | number };

/** Tax rates in Postgres. */
export class PostgresTaxStore implements TaxStore {
  readonly #database: Database;
  readonly #memory: Pick<RememberedReads, "forget">;
  readonly #outlets: Pick<Service<unknown>, "audit">;

  constructor(database: Database, memory: Pick<RememberedReads, "forget">, outlets: Pick<Service<unknown>, "audit">) {
    this.#database = database;
    this.#memory = memory;
    this.#outlets = outlets;
  }

  async setTaxRates(rates: readonly CountryTaxRate[]): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await tx.query(SET, [
        tx.tenantId,
        rates.map(({ country }) => country),
        rates.map(({ taxClass }) => taxClass),
        rates.map(({ validFrom }) => validFrom?.toISOString() ?? SINCE_ALWAYS),
        rates.map(({ name }) => name),
        rates.map(({ rate }) => rate),
      ]);
      for (const [country, ofCountry] of Map.groupBy(rates, (rate) => rate.country)) {
        const metadata = { rates: ofCountry.map(toldRate).join("; ").slice(0, 2000) };
        await this.#outlets.audit(tx, { action: "tax.set", resource: "tax", resourceId: country, outcome: "success", metadata });
      }
    });
    this.#memory.forget();
  }

  listTaxRates(country: string, page: PageRequest): Promise<Page<CountryTaxRate>> {
    return this.#database.read(async (tx) => {
      const list = { sql: RATES, parameters: [tx.tenantId, country], order: BY_CLASS, page };
      const { items, nextPageToken } = await listPage<RateRow & Record<string, unknown>>(tx, list);
      return { items: items.map(rateOfRow), nextPageToken };
    });
  }
}

function rateOfRow({ validFrom, ...same }: RateRow): CountryTaxRate {
  return { ...same, validFrom: validFrom instanceof Date ? validFrom : undefined };
}

function toldRate({ taxClass, rate, validFrom }: CountryTaxRate): string {
  return `${taxClass} ${rate}${validFrom ? ` from ${validFrom.toISOString()}` : ""}`;
}
