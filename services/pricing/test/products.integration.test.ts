import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Product } from "../src/domain/product.ts";
import { type PricingPlatform, startPricingPlatform } from "./pricing-platform.ts";

/** What pricing keeps of the catalog's products, whatever order the news come in. */

let p: PricingPlatform;
beforeAll(async () => {
  p = await startPricingPlatform();
});
afterAll(() => p.stop());

const kept = (productId: string) =>
  p.sql<{ name: string; sku: string }>(
    `select p.name, s.sku from pricing.products p join pricing.product_skus s using (tenant_id, product_id) where product_id = $1 order by s.place`,
    [productId],
  );

test("the highest revision wins, also of many that come at once", async () => {
  let number = 0;
  const variants = fc.uniqueArray(fc.constantFrom("A", "B", "C", "D"), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.array(variants, { minLength: 1, maxLength: 6 }), fc.infiniteStream(fc.nat()), async (revisions, order) => {
      const productId = `prod_order_${++number}`;
      const news = revisions.map(
        (skus, index): Partial<Product> => ({
          ...{ productId, name: `Revision ${index + 1}`, revision: BigInt(index + 1) },
          variants: skus.map((sku) => ({ sku: `${sku}${number}`, title: "", taxClass: "standard", weightGrams: 1 })),
        }),
      );
      const shuffled = [...news, ...news].map((one) => ({ one, rank: order.next().value as number })).sort((a, b) => a.rank - b.rank);
      await Promise.all(shuffled.map(({ one }) => p.heard(one)));
      const last = revisions.at(-1) ?? [];
      expect(await kept(productId)).toEqual(last.map((sku) => ({ name: `Revision ${revisions.length}`, sku: `${sku}${number}` })));
    }),
    { numRuns: 30 },
  );
});

test("what is deleted is unknown, and older news do not bring it back", async () => {
  const product = await p.heard({ productId: "prod_gone", revision: 3n });
  const sku = product.variants[0]?.sku ?? "";
  await p.heard({ ...product, revision: 4n, variants: [] });
  await p.heard({ ...product, revision: 2n });
  await expect(p.as().getPrice({ sku })).rejects.toMatchObject({ reason: "SKU_NOT_FOUND" });
  await expect(p.as().getPrice({ productId: "prod_gone" })).rejects.toMatchObject({ reason: "PRODUCT_NOT_FOUND" });
});

test("a SKU that moved to another product is that product's, though the first one's news are late", async () => {
  const variants = [{ sku: "MOVED", title: "", taxClass: "standard", weightGrams: 1 }];
  await p.heard({ productId: "prod_before", variants });
  await p.heard({ productId: "prod_after", variants });
  await expect(p.as().getPrice({ sku: "MOVED" })).resolves.toMatchObject({ productId: "prod_after" });
});
