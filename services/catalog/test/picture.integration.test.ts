import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type CatalogPlatform, startCatalogPlatform } from "./catalog-platform.ts";

let p: CatalogPlatform;

beforeAll(async () => {
  p = await startCatalogPlatform();
});
afterAll(() => p.stop());

const pathOf = (id: string) => `/api/v1/catalog/products/${id}/picture.svg`;

test("a product's picture is the same each time, is asked for again by its mark, and changes with its name", async () => {
  const { id, imageUrl } = await p.manager().createProduct({ sku: "PIC-1", name: "Tea & <cake>", categoryId: p.categoryId });
  expect(imageUrl).toBe(`http://localhost:8080${pathOf(id)}`);
  await p.manager().publishProduct({ id });
  const first = await p.rest("GET", pathOf(id), { anonymous: true });
  expect(first.status).toBe(200);
  expect(first.headers.get("content-type")).toContain("image/svg+xml");
  expect(first.headers.get("cache-control")).toBe("public, max-age=300");
  const svg = await first.text();
  expect(svg).toContain("Tea &#38; &#60;cake&#62;");
  const etag = first.headers.get("etag") ?? "";
  // As browsers ask; without it fetch says no-cache, for which nothing is fresh.
  const conditional = { "if-none-match": etag, "cache-control": "max-age=0" };
  const again = await p.rest("GET", pathOf(id), { anonymous: true, headers: conditional });
  expect([again.status, await again.text()]).toEqual([304, ""]);
  await p.manager().updateProduct({ id, name: "Coffee" });
  const changed = await p.rest("GET", pathOf(id), { anonymous: true, headers: conditional });
  expect(changed.status).toBe(200);
  expect(await changed.text()).not.toBe(svg);
});

test("a draft's picture is for those who see the draft; one of nothing is not there", async () => {
  const { id } = await p.manager().createProduct({ sku: "PIC-2", name: "Hidden", categoryId: p.categoryId });
  const hidden = await p.rest("GET", pathOf(id), { anonymous: true });
  expect(hidden.status).toBe(404);
  expect(await hidden.json()).toMatchObject({ success: false, error: { code: "NOT_FOUND", details: { reason: "PRODUCT_NOT_FOUND" } } });
  const shown = await p.rest("GET", pathOf(id));
  expect([shown.status, shown.headers.get("cache-control")]).toEqual([200, "private, no-cache"]);
  for (const strange of ["prod_none", "%00", "..%2f..%2fetc", "'%20or%201=1"]) {
    expect((await p.rest("GET", pathOf(strange))).status).toBeGreaterThanOrEqual(400);
    expect((await p.rest("GET", pathOf(strange))).status).toBeLessThan(500);
  }
});
