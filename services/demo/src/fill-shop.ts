import { defineSaga, type RetryPolicy, type SagaDefinition } from "@plinth/kernel/sagas";
import type { Shop } from "./shop.ts";
import { makeCategories } from "./steps/make-categories.ts";
import { makeCustomers } from "./steps/make-customers.ts";
import { makeProducts } from "./steps/make-products.ts";
import { makeShipping } from "./steps/make-shipping.ts";
import { makeWarehouses, type WarehouseIds } from "./steps/make-warehouses.ts";
import { receiveStock } from "./steps/receive-stock.ts";
import { setPrices } from "./steps/set-prices.ts";
import { setTaxes } from "./steps/set-taxes.ts";

interface Filling {
  /** By code, once they are there. */
  readonly warehouses: WarehouseIds;
}

const STEP_MS = 60_000;
const RETRY: RetryPolicy = { attempts: 1, initialMs: 500, maxMs: 30_000 };

/**
 * Fills an empty shop, whose parcels go by `carrier`. From the second step on nothing is taken back: a module that is away is waited for, and a step that was cut off is done again
 * under the keys of its first try.
 */
export function fillShop(shop: Shop, carrier: () => string): SagaDefinition<Record<string, never>, Filling> {
  const step = { timeoutMs: STEP_MS, retry: RETRY };
  return defineSaga<Record<string, never>, Filling>({
    name: "fill-shop",
    // A shop is filled once.
    keptForEver: true,
    begin: () => ({ warehouses: {} }),
    steps: [
      { ...step, name: "begin", write: async () => {}, pointOfNoReturn: true },
      { ...step, name: "warehouses", call: async (_, { idempotencyKey }) => ({ warehouses: await makeWarehouses(shop, idempotencyKey) }) },
      { ...step, name: "taxes", call: ({ warehouses }) => setTaxes(shop, warehouses) },
      { ...step, name: "categories", call: (_, { idempotencyKey }) => makeCategories(shop, idempotencyKey) },
      { ...step, name: "products", call: (_, { idempotencyKey }) => makeProducts(shop, idempotencyKey) },
      { ...step, name: "prices", call: ({ warehouses }) => setPrices(shop, warehouses) },
      { ...step, name: "stock", call: ({ warehouses }, { idempotencyKey }) => receiveStock(shop, warehouses, idempotencyKey) },
      { ...step, name: "shipping", call: ({ warehouses }) => makeShipping(shop, warehouses, carrier()) },
      { ...step, name: "customers", call: (_, { idempotencyKey }) => makeCustomers(shop, idempotencyKey) },
    ],
  });
}
