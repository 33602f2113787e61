import type { Transaction } from "@plinth/kernel/database";
import type { ChannelSettings } from "../domain/channel.ts";
import type { Candidate } from "../domain/choose-price.ts";
import { fullName } from "../domain/product.ts";
import type { KnownSku, PriceFacts, PriceItem, PriceQuestion } from "../domain/quote.ts";
import type { TaxRate } from "../domain/tax.ts";

const SKU = "s.sku, s.product_id, s.place, s.title, s.tax_class, s.weight_grams, p.name, p.published, p.image_url";

/**
 * $1 tenant, $2 channel, $3 country or empty, $4 currency or empty, then columns of items: SKUs, products, warehouses. One row, or none where there is no
 * such channel: the channel, the rates of the country with the milliseconds from which on they hold, and what is known of each item, by their positions
 * from 1.
 *
 * A SKU may be found with two products until the event arrives that takes it from one: what was heard last counts.
 *
 * The columns are sub-selects so that Postgres does not see their lengths when it plans: it would find the plan for few items cheaper than the one for any
 * number, and plan anew at each use, which takes longer than all the rest. Lists are made faster than objects.
 */
const factsFrom = (prices: string): string => `
with channel as (
  select tax_inclusive, tax_rounding, warehouse_id,
    coalesce(nullif($3, ''), country) as country, coalesce(nullif($4, ''), currency) as currency
  from channels where tenant_id = $1 and code = $2
)
select c.country, c.currency, c.tax_inclusive as "taxInclusive", c.tax_rounding as "taxRounding", c.warehouse_id as "warehouseId", (
  select coalesce(json_agg(json_build_object('taxClass', tax_class, 'name', name, 'rate', rate, 'fromMs',
      case when isfinite(valid_from) then extract(epoch from valid_from) * 1000 end)), '[]')
  from tax_rates t where t.tenant_id = $1 and t.country = c.country
) as rates, (
  select coalesce(json_agg(json_build_array(
      a.position, s.sku, s.product_id, s.title, s.name, s.tax_class, s.weight_grams, s.published, s.image_url, (
        select coalesce(json_agg(json_build_array(b.warehouse_id, b.min_quantity::text, b.amount::text)
          order by b.warehouse_id desc, b.min_quantity), '[]')
        from ${prices} b where b.amount is not null)
    ) order by a.position, s.place), '[]')
  from unnest((select $5::text[]), (select $6::text[]), (select $7::text[])) with ordinality as a (sku, product_id, warehouse_id, position)
  cross join lateral (
    (select ${SKU} from product_skus s join products p on p.tenant_id = $1 and p.product_id = s.product_id
     where a.sku <> '' and s.tenant_id = $1 and s.sku = a.sku order by p.heard_at desc limit 1)
    union all
    select ${SKU} from product_skus s join products p on p.tenant_id = $1 and p.product_id = s.product_id
    where a.product_id <> '' and s.tenant_id = $1 and s.product_id = a.product_id
  ) s
) as known
from channel c`;

const OF_SKU = `p.tenant_id = $1 and p.sku = s.sku and p.currency = c.currency
        and p.warehouse_id in ('', coalesce(nullif(a.warehouse_id, ''), c.warehouse_id))`;

const FACTS = factsFrom(`(select * from prices p where ${OF_SKU})`);

/** $8 moment: the prices as they were then. */
const FACTS_AT = factsFrom(`(
        select distinct on (warehouse_id, min_quantity) warehouse_id, min_quantity, amount from price_changes p
        where ${OF_SKU} and p.changed_at <= $8 order by warehouse_id, min_quantity, seq desc)`);

/** What holds for all items. */
export interface ShopFacts extends Pick<ChannelSettings, "country" | "currency" | "taxInclusive" | "taxRounding" | "warehouseId"> {
  /** Those of the country, of all times. */
  readonly rates: readonly DatedRate[];
}

/** `fromMs`: since when it holds; null: since always. */
export type DatedRate = TaxRate & { readonly fromMs: number | null };

export type FactsQuestion = Pick<PriceQuestion, "channel" | "country" | "currency" | "at"> & {
  readonly items: readonly Pick<PriceItem, "sku" | "productId" | "warehouseId">[];
};

type FactsRow = ShopFacts & { readonly known: readonly KnownJson[] };

/** Positions count from 1. */
type KnownJson = readonly [
  ...(readonly [position: number, sku: string, productId: string, title: string, name: string, taxClass: string, weightGrams: number]),
  ...(readonly [published: boolean, imageUrl: string, prices: readonly PriceJson[]]),
];
type PriceJson = readonly [warehouseId: string, minQuantity: string, amount: string];

/** One statement, however many items; what is known of each, in their order. Undefined: there is no such channel. */
export async function findFacts(
  tx: Transaction,
  { items, at, ...asked }: FactsQuestion,
): Promise<{ shop: ShopFacts; skus: readonly KnownSku[][] } | undefined> {
  const columns = [items.map(({ sku }) => sku), items.map(({ productId }) => productId), items.map(({ warehouseId }) => warehouseId)];
  const parameters = [tx.tenantId, asked.channel, asked.country, asked.currency, ...columns, ...(at ? [at] : [])];
  const [row] = await tx.query<FactsRow>(at ? FACTS_AT : FACTS, parameters);
  if (!row) return undefined;
  const { known, ...shop } = row;
  const knownAt = Map.groupBy(known, ([position]) => position);
  return { shop, skus: items.map((_, index) => (knownAt.get(index + 1) ?? []).map(skuOf)) };
}

/** The answer to a question by what was found. */
export function factsOf(
  { rates, country, currency, warehouseId, ...channel }: ShopFacts,
  lines: PriceFacts["lines"],
  at: Date,
): PriceFacts {
  const inPlace = lines.map(({ item, skus }) => ({ item: { ...item, warehouseId: item.warehouseId || warehouseId }, skus }));
  return { channel, currency, country, rates: ratesAt(rates, at), lines: inPlace };
}

/** Of each class the one that came last. */
function ratesAt(rates: readonly DatedRate[], at: Date): TaxRate[] {
  const held = rates.filter(({ fromMs }) => fromMs === null || fromMs <= at.getTime());
  const latestLast = held.toSorted((a, b) => (a.fromMs ?? Number.NEGATIVE_INFINITY) - (b.fromMs ?? Number.NEGATIVE_INFINITY));
  return [...new Map(latestLast.map(({ taxClass, name, rate }) => [taxClass, { taxClass, name, rate }])).values()];
}

function skuOf([, sku, productId, title, name, taxClass, weightGrams, published, imageUrl, prices]: KnownJson): KnownSku {
  const candidates = prices.map(candidateOf);
  return { sku, productId, name: fullName(name, title), published, taxClass, weightGrams, imageUrl, candidates };
}

function candidateOf([warehouseId, minQuantity, amount]: PriceJson): Candidate {
  return { warehouseId, minQuantity: BigInt(minQuantity), amount: BigInt(amount) };
}
