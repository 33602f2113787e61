import { describe, expect, test } from "@jest/globals";
import { type NewProduct, newProduct } from "./new-product.ts";
import { changeProduct, imageUrlOf, moveProduct, type Product } from "./product.ts";
import { searchWords } from "./search-words.ts";
import { freeSlug, slugCandidates, slugOf } from "./slug.ts";
import type { Variant } from "./variants.ts";

const NOW = new Date("2026-01-02T03:04:05Z");
const LATER = new Date("2026-02-02T03:04:05Z");
const ID = "prod_01h455vb4pex5vsknk084sn02q";

const aVariant = (sku: string, options: Record<string, string> = {}): Variant => ({ sku, title: "", options, weightGrams: null });

const made = (change: Partial<NewProduct> = {}): NewProduct => ({
  ...{ sku: "A", name: "Shirt", description: "", brand: "", categoryId: "cat_1", attributes: {}, taxClass: "", weightGrams: 0, media: [] },
  ...{ options: [], variants: [] },
  ...change,
});
const aProduct = (change: Partial<NewProduct> = {}): Product => newProduct(ID, "default", "shirt", made(change), NOW);
const sized = (...sizes: string[]) => sizes.map((size) => aVariant(size, { Size: size }));

const fieldsOf = (work: () => unknown): string[] => {
  try {
    work();
    return [];
  } catch (error) {
    return Object.keys((error as { fieldErrors: Record<string, string> }).fieldErrors).sort();
  }
};

describe("a new product", () => {
  test("names all that is missing at once; blanks are nothing", () => {
    expect(fieldsOf(() => aProduct({ sku: "", name: " ", categoryId: "" }))).toEqual(["category_id", "name", "sku"]);
    expect(fieldsOf(() => aProduct({ sku: "", variants: sized("S") }))).toEqual([]);
  });

  test("with sku and variants has sku among them", () => {
    expect(fieldsOf(() => aProduct({ sku: "X", variants: sized("S") }))).toEqual(["sku"]);
    expect(aProduct({ sku: "S", variants: sized("S", "M") }).variants).toHaveLength(2);
  });

  test("makes options from its variants, in the order in which they appear", () => {
    const { options } = aProduct({ sku: "", variants: sized("L", "S") });
    expect(options).toEqual([{ name: "Size", values: ["L", "S"] }]);
  });
});

describe("variants", () => {
  const options = [{ name: "Size", values: ["S", "M"] }];
  test.each([
    ["a value that the option lacks", [aVariant("A", { Size: "XL" })], ["variants[0].options"]],
    ["an option that the product lacks", [aVariant("A", { Size: "S", Colour: "red" })], ["variants[0].options"]],
    ["no value for an option", [aVariant("A")], ["variants[0].options"]],
    ["an option named like a part of every object", [aVariant("A", { constructor: "S" })], ["variants[0].options"]],
    ["the same values as another", [aVariant("A", { Size: "S" }), aVariant("B", { Size: "S" })], ["variants[1].options"]],
    ["the same SKU as another", [aVariant("A", { Size: "S" }), aVariant("A", { Size: "M" })], ["variants[1].sku"]],
    ["more than there may be", Array.from({ length: 201 }, (_, index) => aVariant(`A${index}`)), ["variants"]],
  ])("are refused with %s", (_, variants, fields) => {
    const given = variants.length > 2 ? [] : options;
    expect(fieldsOf(() => aProduct({ sku: "", options: given, variants }))).toEqual(fields);
  });

  test("of one product all have the same options, also where they are made from them", () => {
    expect(fieldsOf(() => aProduct({ sku: "", variants: [aVariant("A", { Size: "S" }), aVariant("B", { Colour: "red" })] }))).toEqual([
      "variants[0].options",
      "variants[1].options",
    ]);
  });

  test("without options differ by their titles alone", () => {
    expect(aProduct({ sku: "", variants: [aVariant("A"), aVariant("B")] }).variants).toHaveLength(2);
  });
});

describe("a change", () => {
  test("keeps what it does not name, and counts", () => {
    const after = changeProduct(aProduct({ description: "Text" }), { brand: " Ours ", name: undefined }, 1, LATER);
    expect(after).toMatchObject({ name: "Shirt", description: "Text", brand: "Ours", version: 2, createdAt: NOW, updatedAt: LATER });
  });

  test("of variants teaches the options new values; options that are given rule", () => {
    const shirt = aProduct({ sku: "", variants: sized("S", "M") });
    expect(changeProduct(shirt, { variants: sized("M", "L") }, undefined, LATER).options).toEqual([
      { name: "Size", values: ["S", "M", "L"] },
    ]);
    const given = [{ name: "Size", values: ["M"] }];
    expect(fieldsOf(() => changeProduct(shirt, { options: given }, undefined, LATER))).toEqual(["variants[0].options"]);
    expect(changeProduct(shirt, { variants: sized("L"), options: [] }, undefined, LATER).options).toEqual([
      { name: "Size", values: ["L"] },
    ]);
    expect(fieldsOf(() => changeProduct(shirt, { variants: [aVariant("A", { Colour: "red" })] }, undefined, LATER))).toHaveLength(1);
  });

  test("that rests on an old version, or takes the name away, is refused", () => {
    expect(() => changeProduct(aProduct(), { name: "X" }, 2, LATER)).toThrow(expect.objectContaining({ reason: "VERSION_CONFLICT" }));
    expect(fieldsOf(() => changeProduct(aProduct(), { name: "  " }, undefined, LATER))).toEqual(["name"]);
  });
});

test("a product is published and taken back; when it was last shown stays known", () => {
  const published = moveProduct(aProduct(), "publish", 1, LATER);
  expect(published).toMatchObject({ status: "published", publishedAt: LATER, version: 2 });
  expect(moveProduct(published, "unpublish", undefined, NOW)).toMatchObject({ status: "draft", publishedAt: LATER, version: 3 });
  const illegal = { code: "CONFLICT", reason: "PRODUCT_STATUS", metadata: { state: "draft", move: "unpublish", allowed: "publish" } };
  expect(() => moveProduct(aProduct(), "unpublish", undefined, NOW)).toThrow(
    expect.objectContaining({ ...illegal, metadata: expect.objectContaining(illegal.metadata) }),
  );
});

test("the picture is the first medium, or the drawn one", () => {
  const shop = "https://shop.example.com";
  expect(imageUrlOf({ id: ID, media: [] }, shop)).toBe(`${shop}/api/v1/catalog/products/${ID}/picture.svg`);
  expect(imageUrlOf({ id: ID, media: [{ url: "/media/a.jpg", alt: "" }] }, shop)).toBe(`${shop}/media/a.jpg`);
  expect(imageUrlOf({ id: ID, media: [{ url: "https://cdn.example.com/a.jpg", alt: "" }] }, shop)).toBe("https://cdn.example.com/a.jpg");
});

describe("a slug", () => {
  test.each([
    ["Hello, Wörld!", "hello-world"],
    ["  --A  b--  ", "a-b"],
    ["日本", "product"],
    ["x".repeat(100), "x".repeat(80)],
  ])("of %j is %j", (name, slug) => {
    expect(slugOf(name, "product")).toBe(slug);
  });

  test("that is free is the first that nobody has; the last one is always free", () => {
    expect(freeSlug("a", ID, new Set())).toBe("a");
    expect(freeSlug("a", ID, new Set(["a", "a-2"]))).toBe("a-3");
    expect(freeSlug("a", ID, new Set(slugCandidates("a", ID).slice(0, -1)))).toBe("a-084sn02q");
  });
});

test("words are searched without case, accents and signs", () => {
  expect(searchWords("Crème brûlée", "SKU-9/X", "crème 日本")).toEqual(["creme", "brulee", "sku", "9", "x", "日本"]);
  expect(searchWords("'); --")).toEqual([]);
});
