import { anAccount, callApi } from "../../e2e/accounts.ts";
import type { LocalPlatform } from "../../e2e/local-platform.ts";
import { COUNTRY, CURRENCY, GOODS, SHIPPING_MINOR, STOCK, TAX_PERCENT } from "./goods.ts";

const WAREHOUSES = ["BERLIN", "WARSAW", "LYON"];

/** Fills the shop through its API, as its people would. */
export async function fillPlatform(platform: LocalPlatform): Promise<void> {
  const { token } = await anAccount(platform, "shopkeeper@example.com", { administrator: true });
  const call = async <Data>(method: string, path: string, body: unknown): Promise<Data> => {
    const { status, body: answer } = await callApi(platform, method, path, { body, token });
    if (status < 200 || status > 299) throw new Error(`${method} ${path} answered ${status}: ${JSON.stringify(answer)}`);
    return answer.data;
  };

  const category = await call<{ id: string }>("POST", "/catalog/categories", { name: "Articles" });
  await importProducts(platform, token, category.id);

  const rate = (tax_class: string) => ({ country: COUNTRY, tax_class, name: `VAT ${TAX_PERCENT} %`, rate: `0.${TAX_PERCENT}` });
  await call("PUT", "/pricing/tax-rates", { rates: [rate("standard"), rate("shipping")] });
  const channel = { currency: CURRENCY, country: COUNTRY, tax_inclusive: false, tax_rounding: "TAX_ROUNDING_UNIT" };
  await call("PUT", "/pricing/channels/default", channel);
  const prices = GOODS.map(({ sku, priceMinor }) => ({ sku, price: { amount: String(priceMinor), currency: CURRENCY } }));
  await call("PUT", "/pricing/prices", { prices });

  await call("PUT", "/shipping/zones/europe", { name: "Europe", areas: [{ country: COUNTRY }] });
  const flat = { zone: "europe", flat_rate: { prices: [{ amount: String(SHIPPING_MINOR), currency: CURRENCY }] } };
  await call("PUT", "/shipping/options/standard", { name: "Standard", carrier: "manual", min_days: 2, max_days: 4, rates: [flat] });

  for (const code of WAREHOUSES) {
    const { id } = await call<{ id: string }>("POST", "/inventory/warehouses", { code, name: code, country: COUNTRY });
    const lines = GOODS.map(({ sku }) => ({ sku, quantity: String(STOCK) }));
    await call("POST", "/inventory/stock:receive", { warehouse_id: id, reference: "opening", lines });
    const entity = { type: "FULFILLMENT_TYPE_WAREHOUSE", name: code, cut_off_hour: 16, time_zone: "Europe/Berlin" };
    await call("PUT", `/shipping/fulfillment-entities/${id}`, entity);
  }
}

async function importProducts(platform: LocalPlatform, token: string, category: string): Promise<void> {
  const rows = GOODS.map(({ sku, slug, name, description }) => ({
    product: slug,
    sku,
    name,
    description,
    category,
    status: "published",
    weight_grams: 500,
  }));
  const answer = await fetch(`${await platform.url("gateway")}/api/v1/catalog/products:import`, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson", authorization: `Bearer ${token}` },
    body: rows.map((row) => JSON.stringify(row)).join("\n"),
  });
  const text = await answer.text();
  const { data } = JSON.parse(text) as { data?: { products_created: number } };
  if (!answer.ok || data?.products_created !== GOODS.length) throw new Error(`The import answered ${answer.status}: ${text}`);
}
