import { describe, expect, test } from "@jest/globals";
import { FileFormat } from "@plinth/proto/catalog/v1/catalog_pb";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { planProduct } from "../../domain/import/plan-product.ts";
import { newProduct } from "../../domain/new-product.ts";
import type { Product } from "../../domain/product.ts";
import { readProducts } from "./read-products.ts";
import { productFileText } from "./write-products.ts";

const NOW = new Date("2026-01-02T03:04:05Z");
const around = { tenantId: "default", now: NOW, categoryIds: new Map([["cups", "cat_1"]]), slugOfSku: new Map<string, string>() };

const read = (text: string, format = FileFormat.CSV) => readProducts(Buffer.from(text), "", format);

// Texts in which everything stands that a file could stumble over.
const text = (maxLength: number) =>
  fc
    .string({ unit: fc.constantFrom(..."abÄ日😀0=+-@'\"`,;:{}[]\\\t\r\n "), maxLength })
    .filter((one) => !one.includes("\0") && one.isWellFormed());
const line = (maxLength: number) => text(maxLength).map((one) => one.trim());
const names = line(20).filter((one) => one !== "");
const dictionary = fc.dictionary(names, text(30), { maxKeys: 5, noNullPrototype: true }).filter((one) => !Object.hasOwn(one, "__proto__"));

const products: fc.Arbitrary<Product> = fc
  .record({
    name: names,
    description: text(80),
    brand: line(20),
    attributes: dictionary,
    taxClass: fc.constantFrom("", "reduced", "-x"),
    weightGrams: fc.integer({ min: 0, max: 10_000_000 }),
    media: fc.array(fc.record({ url: fc.constantFrom("/a.jpg", "https://x/,\"'"), alt: text(20) }, { noNullPrototype: true }), {
      maxLength: 3,
    }),
    option: names,
    values: fc.uniqueArray(names, { minLength: 1, maxLength: 4 }),
    titles: fc.array(line(20), { minLength: 4, maxLength: 4 }),
    weights: fc.array(fc.option(fc.integer({ min: 0, max: 9 })), { minLength: 4, maxLength: 4 }),
    sku: fc.string({ unit: fc.constantFrom(..."aZ0=+-@'\",;\\"), minLength: 1, maxLength: 20 }),
  })
  .map(({ option, values, titles, weights, sku, ...texts }) => {
    const variants = values.map((value, index) => {
      return { sku: `${sku}${index}`, title: titles[index] ?? "", options: { [option]: value }, weightGrams: weights[index] ?? null };
    });
    const options = [{ name: option, values: [...values, "nobody has it"] }];
    return newProduct("prod_1", "default", "some-slug", { ...texts, sku: "", categoryId: "cat_1", options, variants }, NOW);
  });

test.each([FileFormat.CSV, FileFormat.NDJSON])("what is written in format %d is read as the same product", (format) => {
  fc.assert(
    fc.property(products, (product) => {
      const file = productFileText(format);
      const { rows, faults } = read(file.head + file.product(product, "cups"), format);
      expect(faults).toEqual([]);
      const plan = planProduct({ slug: product.slug, rows }, undefined, product, around);
      expect(plan).toEqual({ kind: "created", before: undefined, product });
      const again = planProduct({ slug: product.slug, rows }, product, product, around);
      expect(again).toMatchObject({ kind: "unchanged" });
    }),
    { numRuns: 300 },
  );
});

test("no cell of an export is run as a formula by a spreadsheet", () => {
  fc.assert(
    fc.property(products, (product) => {
      const cells = parse(productFileText(FileFormat.CSV).product(product, "cups")).flat();
      expect(cells.filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([]);
    }),
  );
});

describe("the line of a row", () => {
  test.each([
    ["line feeds", "sku,name\nA,x\nB,y\n", [2, 3]],
    ["CRLF, also inside quotes", 'sku,name\r\nA,"x\r\ny"\r\n\r\nB,"\r\n\r\n"\r\nC,z', [2, 5, 8]],
    ["line feeds inside quotes", 'sku,name\r\nA,"x\n\ny"\r\nB,z\r\n', [2, 5]],
    ["carriage returns", "sku,name\rA,x\rB,y\r", [2, 3]],
    ["semicolons", "sku;name\nA;x,y\nB;z\n", [2, 3]],
  ])("is right with %s", (_, file, lines) => {
    expect(read(file).rows.map((row) => row.line)).toEqual(lines);
  });
});

test.each([
  ["weight_grams", "-1"],
  ["weight_grams", "1.5"],
  ["weight_grams", "99999999"],
  ["variant_weight_grams", "1e3"],
  ["status", "archived"],
  ["tax_class", "Has Space"],
  ["product", "-slug"],
  ["attributes", "red"],
  ["attributes", '{"a":1}'],
  ["attributes", '{"":"x"}'],
  ["attributes", '{"__proto__":"x"}'],
  ["options", "[]"],
  ["media", '[{"url":"javascript:alert(1)"}]'],
  ["media", '[{"url":"/a","width":1}]'],
  ["product_options", '[{"name":"Size","values":["S","S"]}]'],
  ["product_options", '[{"name":"Size","values":[]},1]'],
  ["name", "x".repeat(201)],
] as const)("a cell of %s with %j is told by line, field and value", (field, value) => {
  const { rows, faults, spoiltSkus } = read(`sku,${field}\nA,"${value.replaceAll('"', '""')}"\nB,\n`);
  expect(faults).toEqual([{ line: 2, field, value, problem: expect.stringMatching(/.{8}/) }]);
  expect(rows.map(({ sku }) => sku)).toEqual(["B"]);
  expect([...spoiltSkus]).toEqual(["A"]);
});
