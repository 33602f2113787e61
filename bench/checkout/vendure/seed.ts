import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  bootstrap,
  type InitialData,
  JobQueueService,
  LanguageCode,
  RequestContextService,
  SearchService,
  TransactionalConnection,
} from "@vendure/core";
import { populate } from "@vendure/core/cli/index.js";
import { COUNTRY, GOODS, SHIPPING_MINOR, STOCK, TAX_PERCENT } from "../goods.ts";
import { vendureConfig } from "./config.ts";

/** Makes the tables of a Vendure in the database `argv[2]` and fills its shop, listening on the port `argv[3]` meanwhile. Ends when all is indexed. */
const [, , databaseUrl = "", port = "0"] = process.argv;

const initialData: InitialData = {
  defaultLanguage: LanguageCode.en,
  defaultZone: "Europe",
  countries: [{ name: COUNTRY, code: COUNTRY, zone: "Europe" }],
  taxRates: [{ name: "Standard Tax", percentage: TAX_PERCENT }],
  shippingMethods: [{ name: "Standard", price: SHIPPING_MINOR, taxRate: TAX_PERCENT }],
  // Authorized and settled in one step.
  paymentMethods: [{ name: "dummy", handler: { code: "dummy-payment-handler", arguments: [{ name: "automaticSettle", value: "true" }] } }],
  collections: [],
};

const folder = await mkdtemp(join(tmpdir(), "plinth-bench-"));
try {
  const products = join(folder, "products.csv");
  await writeFile(products, csv());
  const app = await populate(() => bootstrap(vendureConfig(databaseUrl, Number(port), { synchronize: true })), initialData, products);
  await app.get(JobQueueService).start();
  const context = await app.get(RequestContextService).create({ apiType: "admin" });
  await app.get(SearchService).reindex(context);
  const indexed = async () =>
    Number((await app.get(TransactionalConnection).rawConnection.query("select count(*) from search_index_item"))[0].count);
  while ((await indexed()) < GOODS.length) await delay(50);
  await app.close();
} finally {
  await rm(folder, { recursive: true, force: true });
}

function csv(): string {
  const head =
    "name,slug,description,assets,facets,optionGroups,optionValues,sku,price,taxCategory,stockOnHand,trackInventory,variantAssets,variantFacets";
  const rows = GOODS.map(({ sku, name, slug, description, priceMinor }) => {
    const price = (priceMinor / 100).toFixed(2);
    return `${name},${slug},${description},,,,,${sku},${price},standard,${STOCK},true,,`;
  });
  return `${[head, ...rows].join("\n")}\n`;
}
