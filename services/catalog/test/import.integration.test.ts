import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { FileFormat, ProductStatus } from "@plinth/proto/catalog/v1/catalog_pb";
import { type CatalogPlatform, startCatalogPlatform } from "./catalog-platform.ts";

let p: CatalogPlatform;

beforeAll(async () => {
  p = await startCatalogPlatform();
});
afterAll(() => p.stop());

/** Imports by REST as the platform's users do: the body is the file. */
async function importFile(file: string | Uint8Array, options: { dryRun?: boolean; type?: string; tenantId?: string } = {}) {
  const { dryRun = false, type = "text/csv", tenantId = "default" } = options;
  const path = `/api/v1/catalog/products:import${dryRun ? "?dry_run=true" : ""}`;
  const response = await p.rest("POST", path, { body: file, headers: { "content-type": type }, tenantId });
  const answer = (await response.json()) as { data: Report; error: { code: string; details: { field_errors: Record<string, string> } } };
  return { status: response.status, ...answer };
}

interface Report {
  rows: number;
  products_created: number;
  products_updated: number;
  products_unchanged: number;
  rows_skipped: number;
  errors: { line: number; field: string; value: string; problem: string }[];
  error_count: number;
  dry_run: boolean;
}

async function imported(file: string | Uint8Array, options: Parameters<typeof importFile>[1] = {}): Promise<Report> {
  const { status, data } = await importFile(file, options);
  expect(status).toBe(200);
  return data;
}

async function refusedFile(file: string | Uint8Array, type = "text/csv"): Promise<string> {
  const { status, error } = await importFile(file, { type });
  expect([status, error.code]).toEqual([422, "VALIDATION_ERROR"]);
  return error.details.field_errors.file ?? error.details.field_errors.format ?? "";
}

async function exported(format: FileFormat, tenantId = "default"): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const { data } of p.manager(tenantId).exportProducts({ format })) chunks.push(Buffer.from(data));
  return Buffer.concat(chunks).toString();
}

const all = async () => (await p.manager().listProducts({ anyStatus: true, pageSize: 100 })).products;

const SHIRTS = [
  "\ufeffProduct,Name,Category,Status,SKU,Title,Options,Variant_Weight_Grams",
  'linen-shirt,Linen shirt,clothing,published,LS-S,Small,"{""Size"":""S""}",180',
  'linen-shirt,,,,LS-M,Medium,"{""Size"":""M""}",',
  ',"Wool, felted",clothing,,WF-1,,,',
].join("\r\n");

describe("a file", () => {
  test("of CSV with byte order mark and CRLF makes products of rows; the same again changes nothing", async () => {
    expect(await imported(SHIRTS, { dryRun: true })).toMatchObject({ rows: 3, products_created: 2, errors: [], dry_run: true });
    expect(await p.sql("select count(*)::int as products from catalog.products")).toEqual([{ products: 0 }]);

    expect(await imported(SHIRTS)).toMatchObject({ rows: 3, products_created: 2, rows_skipped: 0, errors: [], dry_run: false });
    const shirt = await p.shopper().getProduct({ slug: "linen-shirt" });
    expect(shirt).toMatchObject({
      name: "Linen shirt",
      status: ProductStatus.PUBLISHED,
      options: [{ name: "Size", values: ["S", "M"] }],
      variants: [
        { sku: "LS-S", title: "Small", weightGrams: 180 },
        { sku: "LS-M", title: "Medium" },
      ],
    });
    await expect(p.manager().getProduct({ sku: "WF-1" })).resolves.toMatchObject({ name: "Wool, felted", slug: "wool-felted" });
    const [created] = await p.events(shirt.id);
    expect(created).toMatchObject({ type: "catalog.product.created", data: { published: true, revision: "1" } });

    expect(await imported(SHIRTS)).toMatchObject({ products_created: 0, products_updated: 0, products_unchanged: 2 });
    expect(await p.events(shirt.id)).toHaveLength(1);
  });

  test("changes what it says and leaves what it does not; an empty cell empties", async () => {
    await imported("product,name,category,brand,description,sku\nkept,Kept,clothing,Ours,Text,KEPT-1\n");
    expect(await imported("sku,name\nKEPT-1,Renamed\n")).toMatchObject({ products_updated: 1 });
    await expect(p.manager().getProduct({ slug: "kept" })).resolves.toMatchObject({ name: "Renamed", brand: "Ours", version: 2n });
    await imported("sku,brand,name\nKEPT-1,,\n");
    const product = await p.manager().getProduct({ slug: "kept" });
    expect(product).toMatchObject({ name: "Renamed", brand: "", description: "Text", version: 3n });
    await imported("sku,status\nKEPT-1,published\n");
    expect((await p.events(product.id)).map(({ type }) => type)).toEqual([
      "catalog.product.created",
      "catalog.product.updated",
      "catalog.product.updated",
      "catalog.product.published",
    ]);
  });

  test("of NDJSON is read the same", async () => {
    const rows = [
      { product: "mug", name: "Mug", category: p.categoryId, sku: "MUG-R", options: { Colour: "red" }, attributes: { made: "by hand" } },
      { product: "mug", sku: "MUG-B", options: { Colour: "blue" }, variant_weight_grams: 300 },
    ];
    const file = `${rows.map((row) => JSON.stringify(row)).join("\n")}\n\n`;
    expect(await imported(file, { type: "application/x-ndjson" })).toMatchObject({ products_created: 1, errors: [] });
    await expect(p.manager().getProduct({ sku: "MUG-B" })).resolves.toMatchObject({
      attributes: { made: "by hand" },
      options: [{ name: "Colour", values: ["red", "blue"] }],
      variants: [{ sku: "MUG-R" }, { sku: "MUG-B", weightGrams: 300 }],
    });
  });

  test("with errors in rows is written for the rest; each error has its line, field, value and mend", async () => {
    await imported("product,name,category,sku\nowner,Owner,clothing,OWNED-1\n");
    const file = [
      "product,name,category,sku,weight_grams,options,description", // 1
      "good,Good,clothing,GOOD-1,10,,", // 2
      'half,Half,clothing,HALF-1,,"{""Size"":""S""}","two', // 3
      'lines"',
      'half,,,HALF-2,heavy,"{""Size"":""M""}",', // 5
      "nowhere,Nowhere,no-such,NOWHERE-1,,,", // 6
      "nameless,,clothing,NAMELESS-1,,,", // 7
      "thief,Thief,clothing,OWNED-1,,,", // 8
      "twice,Twice,clothing,TWICE-1,,,", // 9
      "twice,Twice,clothing,TWICE-1,,,", // 10
      "two-names,One,clothing,TN-1,,,", // 11
      "two-names,Other,clothing,TN-2,,,", // 12
      "short,Short,clothing", // 13
      'Bad Slug,Name,clothing,has space,,"[1]",', // 14
      "fine,Fine,clothing,FINE-1,,,", // 15
    ].join("\n");
    const report = await imported(file);
    expect(report).toMatchObject({ rows: 13, products_created: 2, rows_skipped: 11, error_count: 10 });
    expect(report.errors.map(({ line, field, value }) => [line, field, value])).toEqual([
      [5, "weight_grams", "heavy"],
      [6, "category", "no-such"],
      [7, "name", ""],
      [8, "sku", "OWNED-1"],
      [10, "sku", "TWICE-1"],
      [12, "name", "Other"],
      [13, "", "short,Short,clothing"],
      [14, "sku", "has space"],
      [14, "options", "[1]"],
      [14, "product", "Bad Slug"],
    ]);
    expect(report.errors.every(({ problem }) => problem.length > 10)).toBe(true);
    expect(report.errors[3]?.problem).toContain('"owner"');
    const slugs = new Set((await all()).map(({ slug }) => slug));
    for (const slug of ["good", "fine"]) expect(slugs).toContain(slug);
    for (const slug of ["half", "nowhere", "nameless", "thief", "twice", "two-names", "short"]) expect(slugs).not.toContain(slug);
  });

  test("that cannot be read at all is refused, and nothing of it is written", async () => {
    const before = (await all()).length;
    expect(await refusedFile("")).toContain("empty");
    expect(await refusedFile("name,category\nA,clothing\n")).toContain("no column sku");
    expect(await refusedFile("sku,colour\nA,red\n")).toContain('"colour"');
    expect(await refusedFile("sku,name,name\nA,b,c\n")).toContain("name twice");
    expect(await refusedFile("sku\n")).toContain("no rows");
    expect(await refusedFile('sku,name\nA,"open\n')).toContain("no CSV");
    expect(await refusedFile("sku\nA", "application/pdf")).toContain("text/csv");
    const latin = Buffer.concat([
      Buffer.from("sku,name,category\nL-1,ok,clothing\nL-2,caf"),
      Buffer.from([0xe9]),
      Buffer.from(",clothing\n"),
    ]);
    expect(await refusedFile(latin)).toContain("line 3");
    const many = `sku,name,category\n${Array.from({ length: 10_000 }, (_, index) => `M-${index},Name,clothing`).join("\n")}`;
    expect(await refusedFile(many)).toContain("more than 5000 rows");
    expect(await all()).toHaveLength(before);
  });

  test("of hostile texts stores them as they are, or tells them", async () => {
    const name = `'); drop table products; -- <script>`;
    const rows = [
      { sku: "H-1", name, category: "clothing", attributes: { constructor: "x" } },
      { sku: "H-2", name: "a\0b", category: "clothing" },
      { sku: "H-3", name: "x".repeat(100_000), category: "clothing" },
      { sku: "H-4", name: "H", category: "clothing", media: [{ url: "javascript:alert(1)" }] },
      { sku: "H-5", name: "\ud800", category: "clothing" },
      { sku: "H-6", name: "H", category: "clothing", options: { a: 1 } },
    ].map((row) => JSON.stringify(row));
    const report = await imported([...rows, '{"sku":"H-7","__proto__":{"a":1}}', "[]", "{"].join("\n"), { type: "application/x-ndjson" });
    expect(report).toMatchObject({ products_created: 1, rows_skipped: 8 });
    expect(report.errors.map(({ line, field }) => [line, field])).toEqual([
      [2, "name"],
      [3, "name"],
      [4, "media"],
      [5, "name"],
      [6, "options"],
      [7, ""],
      [8, ""],
      [9, ""],
    ]);
    expect(report.errors[1]?.value.length).toBe(100);
    await expect(p.manager().getProduct({ sku: "H-1" })).resolves.toMatchObject({ name, attributes: { constructor: "x" } });
  });

  test("reaches the products of its own tenant alone", async () => {
    await imported("product,name,category,sku\nshared,Ours,clothing,SHARED-1\n");
    await p.manager("acme").createCategory({ name: "Clothing" });
    const theirs = `product,name,category,sku\nshared,Theirs,clothing,SHARED-1\nother,Other,${p.categoryId},OTHER-1\n`;
    const report = await imported(theirs, { tenantId: "acme" });
    expect(report).toMatchObject({ products_created: 1, products_updated: 0, error_count: 1 });
    expect(report.errors).toMatchObject([{ line: 3, field: "category", value: p.categoryId }]);
    await expect(p.manager().getProduct({ sku: "SHARED-1" })).resolves.toMatchObject({ name: "Ours" });
  });

  test("that many send at once makes each product once", async () => {
    const file = `product,name,category,sku\n${Array.from({ length: 300 }, (_, index) => `busy-${index},Busy,clothing,BUSY-${index}`).join("\n")}`;
    const nameless = file
      .replaceAll(/^busy-\d+/gm, "")
      .replaceAll("Busy", "Lone")
      .replaceAll("BUSY-", "LONE-");
    const reports = await Promise.all([file, file, file, nameless, nameless].map((one) => imported(one)));
    expect(reports.map(({ error_count }) => error_count)).toEqual([0, 0, 0, 0, 0]);
    expect(reports.reduce((sum, { products_created }) => sum + products_created, 0)).toBe(600);
    expect(reports.reduce((sum, { products_unchanged }) => sum + products_unchanged, 0)).toBe(900);
  });
});

describe("an export", () => {
  test("is imported again to the same, into the same tenant and into another", async () => {
    await p.manager().createProduct({
      name: "=1+1, \"quoted\"; and 'more'",
      slug: "tricky",
      categoryId: p.categoryId,
      description: "Lines\r\nof\n\ntext ",
      brand: "'-guarded",
      taxClass: "reduced",
      weightGrams: 70,
      attributes: { "a,b": 'c"d', "1": "one", empty: "" },
      media: [{ url: "/media/a.jpg", alt: "Ä; ö" }],
      options: [
        { name: "2", values: ["unused", "x"] },
        { name: "1", values: ["y"] },
      ],
      variants: [{ sku: "=SKU,1", title: "+title", options: { "2": "x", "1": "y" }, weightGrams: 0 }],
    });
    for (const format of [FileFormat.CSV, FileFormat.NDJSON]) {
      const type = format === FileFormat.CSV ? "text/csv" : "application/x-ndjson";
      const file = await exported(format);
      const rows = await p.sql<{ count: number }>("select count(*)::int as count from catalog.variants where tenant_id = 'default'");
      const again = await imported(file, { type });
      expect(again).toMatchObject({ rows: rows[0]?.count, products_created: 0, products_updated: 0, errors: [] });

      const tenantId = `copy-${format}`;
      await p.manager(tenantId).createCategory({ name: "Clothing" });
      expect(await imported(file, { type, tenantId })).toMatchObject({ products_unchanged: 0, products_updated: 0, errors: [] });
      const lines = (text: string) => text.split("\n").sort();
      expect(lines(await exported(format, tenantId))).toEqual(lines(file));
    }
    const csv = await exported(FileFormat.CSV);
    expect(csv).toContain(`"'=1+1, ""quoted""; and 'more'"`);
  });

  test("is a download", async () => {
    const response = await p.rest("GET", "/api/v1/catalog/products:export?format=FILE_FORMAT_NDJSON");
    expect(response.headers.get("content-type")).toContain("application/x-ndjson");
    expect(response.headers.get("content-disposition")).toMatch(/^attachment; filename="products-[\d-]+\.ndjson"$/);
    const lines = (await response.text()).trim().split("\n");
    expect(JSON.parse(lines[0] ?? "")).toHaveProperty("sku");
  });
});
