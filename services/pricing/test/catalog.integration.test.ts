import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { ServiceDefinition } from "@plinth/kernel/service";
import { eventually } from "@plinth/kernel/testing";
import { AuthzService } from "@plinth/proto/authz/v1/authz_pb";
import { CatalogService } from "@plinth/proto/catalog/v1/catalog_pb";
import { NotSellableReason } from "@plinth/proto/pricing/v1/pricing_pb";
import authz from "../../authz/src/index.ts";
import catalogService from "../../catalog/src/index.ts";
import { type PricingPlatform, startPricingPlatform } from "./pricing-platform.ts";

/** Beside the catalog itself: what is made there is priced at once, and what is known goes on without it. */

const BOOTSTRAP = "only the first may have it";
let p: PricingPlatform;
let categoryId = "";

const catalog = () => p.harness.client("catalog", CatalogService, { user: { id: "user_manager" } });
const made = (sku: string) => catalog().createProduct({ sku, name: `Product ${sku}`, categoryId, weightGrams: 250, taxClass: "reduced" });
const priced = (sku: string) => p.as().setPrices({ prices: [{ sku, price: { amount: 500n, currency: "EUR" } }] });

beforeAll(async () => {
  p = await startPricingPlatform([authz, catalogService] as ServiceDefinition<never>[], { AUTHZ_BOOTSTRAP_TOKEN: BOOTSTRAP });
  await p.harness.client("authz", AuthzService, { module: "identity" }).claimBootstrap({ userId: "user_admin", bootstrapToken: BOOTSTRAP });
  await p.harness
    .client("authz", AuthzService, { user: { id: "user_admin" } })
    .assignRole({ userId: "user_manager", role: "catalog-manager" });
  categoryId = (await catalog().createCategory({ name: "All" })).id;
});
afterAll(() => p.stop());

/** Asks until the answer, or the reason of its refusal, is as wished. */
async function becomes(ask: () => Promise<unknown>, wished: Record<string, unknown>): Promise<void> {
  await eventually(async () => {
    const answer = await ask().catch((error: unknown) => error);
    expect(answer).toMatchObject(wished);
    return true;
  });
}

/** How often the catalog was asked. */
async function questions(): Promise<number> {
  const text = await (await fetch(`${p.harness.httpUrl("pricing")}/metrics`)).text();
  const lines = text
    .split("\n")
    .filter((line) => line.startsWith("plinth_rpc_client_duration_seconds_count") && line.includes("BatchGetProducts"));
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

test("a product is priced at once when it is published, with its name, its tax class and its weight", async () => {
  for (const sku of ["NOW-1", "NOW-2", "NOW-3"]) {
    await priced(sku);
    const { id } = await made(sku);
    await catalog().publishProduct({ id });
    // Nobody waits for an event here.
    await expect(p.as().getPrice({ productId: id })).resolves.toMatchObject({
      ...{ sku, productId: id, name: `Product ${sku}`, sellable: true, weightGrams: 250, imageUrl: expect.stringContaining(id) },
      unitPrice: { amount: 500n, currency: "EUR" },
    });
  }
});

test("its changes are heard: another name, out of sight, gone", async () => {
  await priced("LIFE");
  const { id } = await made("LIFE");
  await catalog().publishProduct({ id });
  const ask = () => p.as().getPrice({ sku: "LIFE" });
  await becomes(ask, { sellable: true });
  await catalog().updateProduct({ id, name: "Renamed" });
  await becomes(ask, { name: "Renamed" });
  await catalog().unpublishProduct({ id });
  await becomes(ask, { sellable: false, reason: NotSellableReason.NOT_PUBLISHED, name: "" });
  await catalog().publishProduct({ id });
  await becomes(ask, { sellable: true });
  await catalog().deleteProduct({ id });
  await becomes(ask, { code: "NOT_FOUND", reason: "SKU_NOT_FOUND" });
});

test("what events did not tell, because they came before this module, is asked for", async () => {
  const { id } = await made("BEFORE");
  await catalog().publishProduct({ id });
  await becomes(() => p.as().getPrice({ sku: "BEFORE" }), { sku: "BEFORE" });
  await p.sql("delete from pricing.product_skus where product_id = $1", [id]);
  await p.sql("delete from pricing.products where product_id = $1", [id]);
  await expect(p.as().getPrice({ productId: id })).resolves.toMatchObject({ sku: "BEFORE" });
});

test("many who want what nobody knows ask the catalog once, and not again for a while", async () => {
  const before = await questions();
  const items = Array.from({ length: 50 }, (_, index) => ({ sku: `NOBODY-${index}` }));
  const answers = await Promise.all(Array.from({ length: 20 }, () => p.as().getPrices({ items })));
  await p.as().getPrices({ items });
  for (const { prices } of answers) expect(new Set(prices.map(({ reason }) => reason))).toEqual(new Set([NotSellableReason.UNKNOWN_SKU]));
  expect((await questions()) - before).toBe(1);
});

test("without the catalog, what is known goes on, and what is not is unknown", async () => {
  await priced("KEPT");
  const { id } = await made("KEPT");
  await catalog().publishProduct({ id });
  await becomes(() => p.as().getPrice({ sku: "KEPT" }), { sellable: true });
  await p.harness.services.get("catalog")?.stop();
  const { prices } = await p.as().getPrices({ items: [{ sku: "KEPT" }, { sku: "NEVER-SEEN" }] });
  expect(prices.map(({ sellable, reason }) => [sellable, reason])).toEqual([
    [true, NotSellableReason.UNSPECIFIED],
    [false, NotSellableReason.UNKNOWN_SKU],
  ]);
});
