import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ProductStatus } from "@plinth/proto/catalog/v1/catalog_pb";
import { type CatalogPlatform, startCatalogPlatform } from "./catalog-platform.ts";

let p: CatalogPlatform;
let made = 0;

beforeAll(async () => {
  p = await startCatalogPlatform();
});
afterAll(() => p.stop());

const aSku = () => `SKU-${++made}`;

function aProduct(product: Parameters<ReturnType<CatalogPlatform["manager"]>["createProduct"]>[0] = {}) {
  const sku = product.variants === undefined ? { sku: aSku() } : {};
  return p.manager().createProduct({ ...sku, name: "Merino sweater", categoryId: p.categoryId, ...product });
}

async function aPublished(product: Parameters<typeof aProduct>[0] = {}) {
  const { id } = await aProduct(product);
  return p.manager().publishProduct({ id });
}

const notFound = { code: "NOT_FOUND", reason: "PRODUCT_NOT_FOUND" };

describe("making a product", () => {
  test("names all that is missing at once", async () => {
    await expect(p.manager().createProduct({})).rejects.toMatchObject({
      code: "VALIDATION_ERROR",
      fieldErrors: { sku: expect.anything(), name: expect.anything(), category_id: expect.anything() },
    });
    const rest = await p.rest("POST", "/api/v1/catalog/products", { body: "{}", headers: { "content-type": "application/json" } });
    expect(rest.status).toBe(422);
    const { error } = (await rest.json()) as { error: { code: string; details: { field_errors: Record<string, string> } } };
    expect(error.code).toBe("VALIDATION_ERROR");
    expect(Object.keys(error.details.field_errors).sort()).toEqual(["category_id", "name", "sku"]);
  });

  test("refuses a SKU in use, and leaves no trace", async () => {
    const { id, variants } = await aProduct();
    const sku = variants[0]?.sku ?? "";
    const again = aProduct({ sku, name: "Nobody's product" });
    await expect(again).rejects.toMatchObject({ code: "CONFLICT", reason: "PRODUCT_EXISTS", metadata: { sku } });
    expect(await p.sql("select id from catalog.products where name = 'Nobody''s product'")).toEqual([]);
    await expect(p.manager().getProduct({ sku })).resolves.toMatchObject({ id });
  });

  test("of twenty who want one SKU at once, one has it", async () => {
    const sku = aSku();
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => aProduct({ sku })));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const reasons = results.flatMap((result) => (result.status === "rejected" ? [result.reason.reason] : []));
    expect(new Set(reasons)).toEqual(new Set(["PRODUCT_EXISTS"]));
  });

  test("needs a category that is there", async () => {
    const refused = { code: "NOT_FOUND", reason: "CATEGORY_NOT_FOUND" };
    await expect(aProduct({ categoryId: "cat_01h455vb4pex5vsknk084sn02q" })).rejects.toMatchObject(refused);
  });

  test("gives each a slug of its own; one that was chosen is refused when it is taken", async () => {
    const slugs = await Promise.all([1, 2, 3, 4].map(async () => (await aProduct({ name: "Same name" })).slug));
    expect(slugs.sort()).toEqual(["same-name", "same-name-2", "same-name-3", "same-name-4"]);
    await expect(aProduct({ slug: "same-name" })).rejects.toMatchObject({ code: "CONFLICT", reason: "SLUG_TAKEN" });
  });

  test("keeps variants in their order, with the options that follow from them", async () => {
    const [large, small] = [aSku(), aSku()];
    const product = await aProduct({
      name: "Shirt",
      weightGrams: 200,
      taxClass: "reduced",
      attributes: { material: "linen" },
      media: [{ url: "https://img.example.com/shirt.jpg", alt: "A shirt" }],
      variants: [
        { sku: large, title: "Large", options: { Size: "L" }, weightGrams: 250 },
        { sku: small, options: { Size: "S" } },
      ],
    });
    expect(product).toMatchObject({
      options: [{ name: "Size", values: ["L", "S"] }],
      variants: [
        { sku: large, position: 0, title: "Large", weightGrams: 250 },
        { sku: small, position: 1 },
      ],
      attributes: { material: "linen" },
      imageUrl: "https://img.example.com/shirt.jpg",
      status: ProductStatus.DRAFT,
      version: 1n,
    });
    const [event] = await p.events(product.id);
    expect(event).toMatchObject({
      type: "catalog.product.created",
      data: {
        name: "Shirt",
        variants: [
          { sku: large, title: "Large", taxClass: "reduced", weightGrams: 250 },
          { sku: small, weightGrams: 200 },
        ],
        revision: "1",
        imageUrl: "https://img.example.com/shirt.jpg",
      },
    });
  });

  test("once under one idempotency key", async () => {
    const body = JSON.stringify({ sku: aSku(), name: "Once", category_id: p.categoryId });
    const headers = { "content-type": "application/json", "idempotency-key": "once-1" };
    const answers = await Promise.all([1, 2].map(() => p.rest("POST", "/api/v1/catalog/products", { body, headers })));
    const ids = await Promise.all(answers.map(async (answer) => ((await answer.json()) as { data: { id: string } }).data.id));
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect(ids[0]).toBe(ids[1]);
  });
});

describe("a draft", () => {
  test("is not there for shoppers, by whatever it is asked for", async () => {
    const { id, slug, variants } = await aProduct({ name: "Hidden thing" });
    const sku = variants[0]?.sku ?? "";
    for (const reader of [p.shopper(), p.customer()]) {
      for (const key of [{ id }, { slug }, { sku }]) await expect(reader.getProduct(key)).rejects.toMatchObject(notFound);
      expect((await reader.batchGetProducts({ ids: [id], skus: [sku] })).items.map(({ product }) => product)).toEqual([
        undefined,
        undefined,
      ]);
      expect((await reader.listProducts({ query: "hidden" })).products).toEqual([]);
    }
    for (const key of [{ id }, { slug }, { sku }]) await expect(p.manager().getProduct(key)).resolves.toMatchObject({ id });
    expect((await p.manager().batchGetProducts({ ids: [id] })).items[0]?.product).toMatchObject({ id });
  });

  test("is listed for those alone who may change it", async () => {
    const { id } = await aProduct({ name: "Listed draft" });
    const drafts = { query: "listed draft", status: ProductStatus.DRAFT };
    expect((await p.manager().listProducts(drafts)).products).toMatchObject([{ id }]);
    expect((await p.manager().listProducts({ query: "listed draft", anyStatus: true })).products).toMatchObject([{ id }]);
    expect((await p.manager().listProducts({ query: "listed draft" })).products).toEqual([]);
    const forbidden = { code: "FORBIDDEN", metadata: { permission: "catalog.product.update" } };
    await expect(p.customer().listProducts(drafts)).rejects.toMatchObject(forbidden);
    await expect(p.customer().listProducts({ anyStatus: true })).rejects.toMatchObject(forbidden);
    await expect(p.shopper().listProducts(drafts)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  });
});

describe("a product", () => {
  test("is published and taken back, and an illegal move says what is possible", async () => {
    const { id } = await aProduct();
    const published = await p.manager().publishProduct({ id, expectedVersion: 1n });
    expect(published).toMatchObject({ status: ProductStatus.PUBLISHED, version: 2n });
    await expect(p.shopper().getProduct({ id })).resolves.toMatchObject({ id });
    await expect(p.manager().publishProduct({ id })).rejects.toMatchObject({
      code: "CONFLICT",
      reason: "PRODUCT_STATUS",
      metadata: { state: "published", allowed: "unpublish" },
    });
    await expect(p.manager().unpublishProduct({ id })).resolves.toMatchObject({ status: ProductStatus.DRAFT, version: 3n });
    await expect(p.shopper().getProduct({ id })).rejects.toMatchObject(notFound);
    const events = await p.events(id);
    expect(events.map(({ type, data }) => [type, data.published ?? false, data.revision])).toEqual([
      ["catalog.product.created", false, "1"],
      ["catalog.product.published", true, "2"],
      ["catalog.product.unpublished", false, "3"],
    ]);
  });

  test("is changed field by field; of two changes of one version the second is told to read again", async () => {
    const { id, slug } = await aProduct({ description: "Warm.", attributes: { a: "1" } });
    const change = (name: string) => p.manager().updateProduct({ id, name, expectedVersion: 1n });
    const results = await Promise.allSettled([change("First"), change("Second")]);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(results.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "CONFLICT", reason: "VERSION_CONFLICT" } });
    const emptied = await p.manager().updateProduct({ id, attributes: {}, brand: "Ours" });
    expect(emptied).toMatchObject({ slug, description: "Warm.", attributes: {}, brand: "Ours", version: 3n });
    await expect(p.manager().updateProduct({ id: "prod_none", name: "X" })).rejects.toMatchObject(notFound);
  });

  test("gives up SKUs that are not among its variants any more, and takes no other's", async () => {
    const [one, two, three] = [aSku(), aSku(), aSku()];
    const { id } = await aProduct({
      variants: [
        { sku: one, options: { Size: "S" } },
        { sku: two, options: { Size: "M" } },
      ],
    });
    const other = await aProduct();
    const foreign = { sku: other.variants[0]?.sku ?? "", options: { Size: "L" } };
    const taking = p.manager().updateProduct({ id, variants: [{ sku: one, options: { Size: "S" } }, foreign] });
    await expect(taking).rejects.toMatchObject({ code: "CONFLICT", reason: "PRODUCT_EXISTS", metadata: { sku: foreign.sku } });
    const swapped = await p.manager().updateProduct({
      id,
      variants: [
        { sku: three, options: { Size: "L" } },
        { sku: one, options: { Size: "S" } },
      ],
    });
    expect(swapped.variants.map(({ sku }) => sku)).toEqual([three, one]);
    expect(swapped.options).toMatchObject([{ name: "Size", values: ["S", "M", "L"] }]);
    await expect(p.manager().getProduct({ sku: two })).rejects.toMatchObject(notFound);
    await expect(aProduct({ sku: two })).resolves.toMatchObject({ variants: [{ sku: two }] });
  });

  test("is deleted with its variants, and says so", async () => {
    const { id, variants } = await aPublished();
    const sku = variants[0]?.sku ?? "";
    await p.manager().deleteProduct({ id });
    await expect(p.manager().getProduct({ sku })).rejects.toMatchObject(notFound);
    await expect(p.manager().deleteProduct({ id })).rejects.toMatchObject(notFound);
    expect((await p.events(id)).at(-1)).toMatchObject({ type: "catalog.product.deleted", data: { skus: [sku], revision: "3" } });
    await expect(aProduct({ sku })).resolves.toMatchObject({ variants: [{ sku }] });
  });

  test("leaves a line in the audit trail for each change", async () => {
    const { id } = await aPublished();
    const rows = await p.sql<{ envelope: { data: { entry: { action: string; userId: string } } } }>(
      `select envelope from (select envelope from catalog.outbox union all select envelope from plinth_bus.log) sent
       where envelope->'data'->'entry'->>'resourceId' = $1 order by envelope->>'eventId'`,
      [id],
    );
    expect(rows.map(({ envelope: { data } }) => [data.entry.action, data.entry.userId])).toEqual([
      ["product.created", "user_manager"],
      ["product.published", "user_manager"],
    ]);
  });
});

describe("lists", () => {
  test("go page by page in the order asked for, each product once", async () => {
    const { id: category } = await p.manager().createCategory({ name: "Paged" });
    const names = ["Cup", "Ash tray", "Bowl", "Dish", "Étui"];
    for (const name of names) await aPublished({ name, categoryId: category });
    const read = async (orderBy: string) => {
      const seen: string[] = [];
      let pageToken = "";
      do {
        const page = await p.shopper().listProducts({ category, orderBy, pageSize: 2, pageToken });
        seen.push(...page.products.map(({ name }) => name));
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
      return seen;
    };
    expect(await read("")).toEqual([...names].reverse());
    expect(await read("created_at")).toEqual(names);
    expect((await read("name")).slice(0, 4)).toEqual(["Ash tray", "Bowl", "Cup", "Dish"]);
    expect(await read("name desc")).toEqual((await read("name")).reverse());
    await expect(p.shopper().listProducts({ orderBy: "name; drop table products" })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
    await expect(p.shopper().listProducts({ category: "no-such" })).rejects.toMatchObject({ reason: "CATEGORY_NOT_FOUND" });
  });

  test("of a category hold what is below it", async () => {
    const top = await p.manager().createCategory({ name: "Home" });
    const below = await p.manager().createCategory({ name: "Kitchen", parentId: top.id });
    const lowest = await p.manager().createCategory({ name: "Cups", parentId: below.id });
    const { id } = await aPublished({ categoryId: lowest.id });
    for (const category of [top.id, top.slug, below.slug, lowest.id]) {
      expect((await p.shopper().listProducts({ category })).products.map((product) => product.id)).toEqual([id]);
    }
  });

  test("are searched by the beginnings of words, whatever signs are among them", async () => {
    const { id } = await aPublished({ name: "Crème brûlée torch", brand: "Flambé & Söhne", sku: "TORCH-9/X" });
    for (const query of ["creme", "TORCH bru", "flamb sohne", "torch-9", "CRÈME  torch'"]) {
      expect((await p.shopper().listProducts({ query })).products.map((product) => product.id)).toEqual([id]);
    }
    for (const query of ["cremes", "' or 1=1 --", "!!!", "torch & !zz:*", "\\"]) {
      expect((await p.shopper().listProducts({ query })).products).toEqual([]);
    }
  });

  test("of up to 500 ids and SKUs answer each for itself, in their order", async () => {
    const [one, two] = [await aPublished(), await aPublished()];
    const sku = two.variants[0]?.sku ?? "";
    const { items } = await p.shopper().batchGetProducts({ ids: [two.id, "prod_none", one.id, one.id], skus: [sku, "NONE"] });
    expect(items.map((item) => [item.id, item.sku, item.product?.id])).toEqual([
      [two.id, "", two.id],
      ["prod_none", "", undefined],
      [one.id, "", one.id],
      [one.id, "", one.id],
      ["", sku, two.id],
      ["", "NONE", undefined],
    ]);
    const many = Array.from({ length: 501 }, (_, index) => `prod_${index}`);
    await expect(p.shopper().batchGetProducts({ ids: many })).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
    await expect(p.shopper().batchGetProducts({})).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
  });
});

test("another tenant has its own products, SKUs and slugs, and none of these", async () => {
  const { id, slug, variants } = await aPublished({ name: "Tenant's own" });
  const sku = variants[0]?.sku ?? "";
  const acme = p.manager("acme");
  for (const key of [{ id }, { slug }, { sku }]) await expect(acme.getProduct(key)).rejects.toMatchObject(notFound);
  expect((await acme.batchGetProducts({ ids: [id], skus: [sku] })).items.map(({ product }) => product)).toEqual([undefined, undefined]);
  expect((await acme.listProducts({})).products).toEqual([]);
  expect((await acme.listCategories({})).categories).toEqual([]);
  for (const attempt of [
    () => acme.updateProduct({ id, name: "Stolen" }),
    () => acme.unpublishProduct({ id }),
    () => acme.deleteProduct({ id }),
  ]) {
    await expect(attempt()).rejects.toMatchObject(notFound);
  }
  const product = { sku, name: "Tenant's own", categoryId: p.categoryId };
  await expect(acme.createProduct(product)).rejects.toMatchObject({ reason: "CATEGORY_NOT_FOUND" });
  await expect(acme.createCategory({ name: "Below", parentId: p.categoryId })).rejects.toMatchObject({ reason: "CATEGORY_NOT_FOUND" });
  await expect(acme.updateCategory({ id: p.categoryId, name: "Mine" })).rejects.toMatchObject({ reason: "CATEGORY_NOT_FOUND" });
  await expect(acme.deleteCategory({ id: p.categoryId })).rejects.toMatchObject({ reason: "CATEGORY_NOT_FOUND" });
  const { id: categoryId } = await acme.createCategory({ name: "Clothing" });
  await expect(acme.createProduct({ ...product, categoryId })).resolves.toMatchObject({ slug, variants: [{ sku }] });
  const picture = await p.rest("GET", `/api/v1/catalog/products/${id}/picture.svg`, { tenantId: "acme" });
  expect(picture.status).toBe(404);
});

test("hostile texts are stored as they are, or refused by name", async () => {
  const name = `'); drop table products; -- <script>"\u202e`;
  const { id } = await aPublished({ name, attributes: { constructor: "x", "a'b": '"{}' } });
  await expect(p.shopper().getProduct({ id })).resolves.toMatchObject({ name, attributes: { constructor: "x", "a'b": '"{}' } });
  await expect(aProduct({ name: "a\0b" })).rejects.toMatchObject({ code: "BAD_REQUEST", reason: "UNSTORABLE_TEXT" });
  await expect(aProduct({ attributes: { a: "\0" } })).rejects.toMatchObject({ code: "BAD_REQUEST", reason: "UNSTORABLE_TEXT" });
  await expect(aProduct({ name: "x".repeat(201) })).rejects.toMatchObject({ fieldErrors: { name: expect.anything() } });
  await expect(aProduct({ sku: "has space" })).rejects.toMatchObject({ fieldErrors: { sku: expect.anything() } });
  await expect(aProduct({ media: [{ url: "javascript:alert(1)" }] })).rejects.toMatchObject({
    fieldErrors: { "media[0].url": expect.anything() },
  });
  const body = JSON.stringify({ sku: "N", name: "a\0b", category_id: p.categoryId });
  const rest = await p.rest("POST", "/api/v1/catalog/products", { body, headers: { "content-type": "application/json" } });
  expect(rest.status).toBe(422);
});
