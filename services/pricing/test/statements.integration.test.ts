import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually } from "@plinth/kernel/testing";
import type { PriceInput } from "../src/domain/base-price.ts";
import type { PriceQuestion } from "../src/domain/quote.ts";
import { PostgresChannelStore } from "../src/store/channel-store.ts";
import { findFacts } from "../src/store/find-facts.ts";
import { PriceEvents } from "../src/store/price-events.ts";
import { PostgresPriceStore } from "../src/store/price-store.ts";
import { type PricingPlatform, startPricingPlatform } from "./pricing-platform.ts";

let p: PricingPlatform;
let prices: PostgresPriceStore;

beforeAll(async () => {
  p = await startPricingPlatform();
  await p.as().getChannel({ code: "default" });
  // The real outlets write all events of a transaction by one statement; here each event would be counted.
  const outlets = { publish: async () => {}, audit: async () => {} };
  const memory = p.database.remember();
  const channels = new PostgresChannelStore(p.database, memory, outlets, () => {
    throw new Error("The channel is there.");
  });
  prices = new PostgresPriceStore(p.database, memory, channels, new PriceEvents(outlets));
});
afterAll(() => p.stop());

function questionOf(skus: readonly string[]): Omit<PriceQuestion, "at"> {
  const items = skus.map((sku) => ({ sku, productId: "", quantity: 1n, warehouseId: "wh_1" }));
  return { items, currency: "", country: "", channel: "default", shipping: undefined, explain: true };
}

async function costs(lines: number): Promise<Record<string, number>> {
  const skus = Array.from({ length: lines }, (_, index) => `N${lines}-${index}`);
  const inputs = skus.map((sku): PriceInput => ({ sku, price: { amount: 5n, currency: "EUR" }, warehouseId: "", minQuantity: 1n }));
  const keys = inputs.map(({ price: { currency }, ...key }) => ({ ...key, currency }));
  const question = questionOf(skus);
  return {
    set: await p.counted(() => prices.setPrices(inputs)),
    get: await p.counted(() => prices.findFacts({ ...question, at: undefined })),
    getAt: await p.counted(() => prices.findFacts({ ...question, at: new Date() })),
    delete: await p.counted(() => prices.deletePrices(keys)),
    hear: await p.counted(() =>
      p.heard({ variants: skus.slice(0, 200).map((sku) => ({ sku, title: "", taxClass: "standard", weightGrams: 0 })) }),
    ),
  };
}

// Comes first: on a connection that has asked before, Postgres remembers what its plans cost then.
test("a question about one item is planned as one about many, and so not anew at each use", async () => {
  const skus = await Promise.all(Array.from({ length: 20 }, () => p.priced(5n)));
  await p.sql("analyze");
  const question = { ...questionOf(skus.slice(0, 1)), at: undefined };
  const plans = await p.database.read(async (tx) => {
    for (let use = 0; use < 10; use++) await findFacts(tx, question);
    return tx.query("select generic_plans::int from pg_prepared_statements where statement ~ '^\\s*with channel'");
  });
  // Postgres plans the first five uses by their parameters, to compare.
  expect(plans).toEqual([{ generic_plans: 5 }]);
});

test("what was asked before costs none, until somebody changes it", async () => {
  const sku = await p.priced(5n);
  const question = { ...questionOf([sku]), at: undefined };
  const asked = (): Promise<number> => p.counted(() => prices.findFacts(question));
  await eventually(async () => (await asked()) === 0);
  await p.sql("update pricing.prices set amount = 6 where sku = $1", [sku]);
  const amount = async () => (await prices.findFacts(question))?.lines[0]?.skus[0]?.candidates[0]?.amount;
  await eventually(async () => (await amount()) === 6n);
  await eventually(async () => (await asked()) === 0);
  expect(await amount()).toBe(6n);
});

test("500 lines cost as many statements as one", async () => {
  // The first use of a connection sets its tenant.
  await costs(1);
  const one = await costs(1);
  expect(await costs(500)).toEqual(one);
  // The channel with its rates, and the lines with their prices.
  expect(one.get).toBe(1);
  // begin, the lock, the prices with their history, commit.
  expect(one.set).toBe(4);
});
