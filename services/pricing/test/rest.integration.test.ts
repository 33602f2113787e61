import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { ServiceDefinition } from "@plinth/kernel/service";
import gateway from "../../gateway/src/index.ts";
import { type PricingPlatform, startPricingPlatform } from "./pricing-platform.ts";

/** What a guest gets through the gateway. */

let p: PricingPlatform;
let productId = "";
let sku = "";

beforeAll(async () => {
  p = await startPricingPlatform([gateway as ServiceDefinition<never>]);
  const product = await p.heard({ name: "Lamp", variants: [{ sku: "LAMP:1%a?", title: "", taxClass: "standard", weightGrams: 900 }] });
  productId = product.productId;
  sku = product.variants[0]?.sku ?? "";
  await p.as().setPrices({
    prices: [
      { sku, price: { amount: 4999n, currency: "EUR" } },
      { sku, price: { amount: 4499n, currency: "EUR" }, warehouseId: "wh_ber" },
    ],
  });
});
afterAll(() => p.stop());

interface Answer {
  readonly status: number;
  readonly body: { readonly data: Record<string, unknown>; readonly error?: { readonly code: string; readonly details: unknown } };
}

async function ask(path: string, body?: unknown): Promise<Answer> {
  const init = body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(`${p.harness.httpUrl("gateway")}${path}`, init);
  return { status: response.status, body: (await response.json()) as Answer["body"] };
}

test.each(["/v1/pricing/products/", "/api/v1/pricing/products/"])(
  "%s{id}/price takes the warehouse by either of its names",
  async (path) => {
    for (const name of ["warehouseId", "warehouse_id"]) {
      const { status, body } = await ask(`${path}${productId}/price?${name}=wh_ber&quantity=2`);
      expect(status).toBe(200);
      expect(body.data).toMatchObject({ sku, warehouse_id: "wh_ber", sellable: true, gross: { amount: "8998", currency: "EUR" } });
      expect(body.data.explanation).toMatchObject([{ rule: "base price", applied: true }, { rule: "tax" }, { applied: false }]);
    }
  },
);

test("a SKU's price is asked for by its name, with everything that a SKU may hold", async () => {
  const { status, body } = await ask(`/api/v1/pricing/skus/${encodeURIComponent(sku)}/price`);
  expect({ status, data: body.data }).toMatchObject({ status: 200, data: { sku, unit_price: { amount: "4999", currency: "EUR" } } });
});

test("many prices are asked for by one request, amounts as text", async () => {
  const { status, body } = await ask("/api/v1/pricing/prices:get", { items: [{ sku, quantity: "3" }, { sku: "NONE" }], currency: "EUR" });
  expect({ status, data: body.data }).toMatchObject({
    status: 200,
    data: {
      prices: [{ gross: { amount: "14997", currency: "EUR" } }, { sellable: false, reason: "NOT_SELLABLE_REASON_UNKNOWN_SKU" }],
      totals: { gross: { amount: "14997", currency: "EUR" }, taxes: [{ tax: { amount: "0" } }] },
    },
  });
  expect(body.data.prices).not.toHaveProperty("[1].gross");
});

test("what is wrong is named as it was written", async () => {
  expect(await ask("/v1/pricing/products/prod_none/price")).toMatchObject({
    status: 404,
    body: { error: { code: "NOT_FOUND", details: { reason: "PRODUCT_NOT_FOUND" } } },
  });
  const { status, body } = await ask("/api/v1/pricing/prices:get", {
    items: [{ productId: "a b" }],
    shipping: { amount: "1", currency: "usd" },
  });
  expect(status).toBe(422);
  expect(body.error?.details).toMatchObject({
    field_errors: { "items[0].productId": expect.any(String), "shipping.currency": expect.any(String) },
  });
  expect((await ask(`/v1/pricing/products/${productId}/price?sku=OTHER`)).status).toBe(422);
});

test("a guest cannot see or set base prices", async () => {
  expect((await ask("/api/v1/pricing/prices")).status).toBe(401);
  expect((await ask("/api/v1/pricing/prices:delete", { prices: [{ sku, currency: "EUR" }] })).status).toBe(401);
});
