import type { Database, RememberedReads } from "@plinth/kernel/database";
import type { KnownSku, PriceFacts, PriceItem, PriceQuestion } from "../domain/quote.ts";
import { factsOf, findFacts, type ShopFacts } from "./find-facts.ts";

type Fact = { readonly shop: ShopFacts } | { readonly skus: readonly KnownSku[] };

/** What prices rest on now: mostly in memory, and what is missing is read by one statement. Undefined: there is no such channel. */
export async function rememberedFacts(memory: RememberedReads, question: PriceQuestion): Promise<PriceFacts | undefined> {
  const shopKey = shopKeyOf(question);
  const itemOf = new Map(question.items.map((item) => [itemKeyOf(question, item), item]));
  const facts = await memory.read<Fact>([shopKey, ...itemOf.keys()], async (tx, missing) => {
    const wanted = missing.flatMap((key) => itemOf.get(key) ?? []);
    const found = await findFacts(tx, { ...question, items: wanted });
    if (found === undefined) return new Map();
    // What is not known may be next moment, and there is no end to names of what does not exist.
    const known = wanted.flatMap((item, index) => {
      const skus = found.skus[index] ?? [];
      return skus.length === 0 ? [] : [[itemKeyOf(question, item), { skus }] as const];
    });
    return new Map<string, Fact>([[shopKey, { shop: found.shop }], ...known]);
  });
  const shop = facts.get(shopKey);
  if (shop === undefined || !("shop" in shop)) return undefined;
  const lines = question.items.map((item) => {
    const fact = facts.get(itemKeyOf(question, item));
    return { item, skus: fact !== undefined && "skus" in fact ? fact.skus : [] };
  });
  return factsOf(shop.shop, lines, new Date());
}

/** What was true at a moment, by one statement. */
export async function factsAt(
  database: Pick<Database, "read">,
  question: PriceQuestion & { readonly at: Date },
): Promise<PriceFacts | undefined> {
  const found = await database.read((tx) => findFacts(tx, question));
  if (found === undefined) return undefined;
  const lines = question.items.map((item, index) => ({ item, skus: found.skus[index] ?? [] }));
  return factsOf(found.shop, lines, question.at);
}

function shopKeyOf({ channel, country, currency }: PriceQuestion): string {
  return JSON.stringify([channel, country, currency]);
}

/** How many of it are wanted changes nothing, nor does the country. */
function itemKeyOf({ channel, currency }: PriceQuestion, { sku, productId, warehouseId }: PriceItem): string {
  return JSON.stringify([channel, currency, sku, productId, warehouseId]);
}
