import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { newId } from "@plinth/kernel/base";
import type { OpenDatabase, Transaction } from "@plinth/kernel/database";
import { type CountedDatabase, openCountedDatabase } from "@plinth/kernel/testing";
import { importProducts } from "../src/domain/import/import-products.ts";
import { newProduct } from "../src/domain/new-product.ts";
import { changeProduct } from "../src/domain/product.ts";
import type { ProductKey } from "../src/domain/product-store.ts";
import { readProducts } from "../src/messages/product-file/read-products.ts";
import { PostgresImportStore } from "../src/store/import-store.ts";
import { ProductEvents } from "../src/store/product-events.ts";
import { PostgresProductStore } from "../src/store/product-store.ts";
import { type CatalogPlatform, startCatalogPlatform } from "./catalog-platform.ts";

let p: CatalogPlatform;
let database: OpenDatabase;
let products: PostgresProductStore;
let imports: PostgresImportStore;
let counted: CountedDatabase["counted"];
let events = 0;

beforeAll(async () => {
  p = await startCatalogPlatform();
  ({ database, counted } = await openCountedDatabase({ url: p.harness.databaseUrl("catalog"), schema: "catalog" }));
  // The real outlets write all events of a transaction by one statement; here each event would be counted.
  const outlets = { publish: async (_tx: Transaction) => void events++, audit: async () => {} };
  const told = new ProductEvents(outlets, () => "http://localhost");
  products = new PostgresProductStore(database, told);
  imports = new PostgresImportStore(database, told);
});
afterAll(async () => {
  await database.close();
  await p.stop();
});

function fileOf(rows: number, name: string): Buffer {
  const lines = Array.from({ length: rows }, (_, index) => `${rows}-p${index},${name},clothing,${rows}-S${index}`);
  return Buffer.from(`product,name,category,sku\n${lines.join("\n")}\n`);
}

/** What a file of so many products costs, and then its pages. */
async function costs(rows: number): Promise<Record<string, number>> {
  const send = (name: string, dryRun = false) => importProducts(imports, readProducts(fileOf(rows, name), "text/csv"), dryRun);
  const keys: string[] = Array.from({ length: rows }, (_, index) => `${rows}-S${index}`);
  const page = { size: rows, token: "" };
  const order = { by: "createdAt", direction: "desc" } as const;
  return {
    dryRun: await counted(() => send("Made", true)),
    make: await counted(() => send("Made")),
    change: await counted(() => send("Changed")),
    again: await counted(() => send("Changed")),
    list: await counted(() => products.listProducts({ category: "clothing", query: "chang", status: undefined }, order, page)),
    batchGet: await counted(() => products.findProducts(keys, keys)),
  };
}

test("500 rows cost as many statements as one, and their pages too", async () => {
  // A connection is told its tenant at its first use.
  await costs(2);
  const one = await costs(1);
  const before = events;
  expect(await costs(500)).toEqual(one);
  expect(events - before).toBe(1000);
  // Who has the SKUs. Then begin, owners, lock, products, categories, slugs, both writes, commit.
  expect(one.make).toBe(10);
  expect(one.batchGet).toBe(1);
  expect(one.list).toBe(2);
});

test("200 variants cost as many statements as one", async () => {
  const life = async (count: number) => {
    const variants = Array.from({ length: count }, (_, index) => ({
      sku: `V${count}-${index}`,
      title: "",
      options: { Row: String(index % 20), Column: String(Math.floor(index / 20)) },
      weightGrams: null,
    }));
    const text = {
      name: "Many",
      description: "",
      brand: "",
      categoryId: p.categoryId,
      attributes: {},
      taxClass: "",
      weightGrams: 0,
      media: [],
    };
    const id = newId("prod");
    const made = newProduct(id, "default", `many-${count}`, { ...text, sku: "", options: [], variants }, new Date());
    const key: ProductKey = { by: "sku", value: `V${count}-0` };
    return {
      insert: await counted(() => products.insert(made, undefined)),
      find: await counted(() => products.findProduct(key)),
      change: await counted(() => products.change(id, "updated", (one) => changeProduct(one, { name: "More" }, undefined, new Date()))),
    };
  };
  expect(await life(200)).toEqual(await life(1));
});
