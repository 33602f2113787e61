import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { MAX_DEPTH } from "../src/domain/category.ts";
import { type CatalogPlatform, startCatalogPlatform } from "./catalog-platform.ts";

let p: CatalogPlatform;
let made = 0;

beforeAll(async () => {
  p = await startCatalogPlatform();
});
afterAll(() => p.stop());

const aCategory = (parentId = "", name = `Category ${++made}`) => p.manager().createCategory({ name, parentId });

async function aLine(length: number): Promise<string[]> {
  const ids: string[] = [];
  for (let level = 0; level < length; level++) ids.push((await aCategory(ids.at(-1))).id);
  return ids;
}

describe("the tree", () => {
  test("is read level by level, in its order", async () => {
    const { id: parentId } = await aCategory();
    const make = (name: string, position: number) => p.manager().createCategory({ name, parentId, position });
    for (const [name, position] of [
      ["Last", 2],
      ["B", 1],
      ["A", 1],
      ["First", 0],
    ] as const)
      await make(name, position);
    const names: string[] = [];
    let pageToken = "";
    do {
      const page = await p.shopper().listCategories({ parentId, pageSize: 3, pageToken });
      names.push(...page.categories.map(({ name }) => name));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(names).toEqual(["First", "A", "B", "Last"]);
    const top = await p.shopper().listCategories({ parentId: "" });
    expect(top.categories.map(({ id }) => id)).toContain(parentId);
    expect(top.categories.every((category) => category.parentId === "")).toBe(true);
    expect((await p.shopper().listCategories({})).categories.length).toBeGreaterThan(top.categories.length);
  });

  test("has no circle, whoever moves what at once", async () => {
    const [top, middle, low] = (await aLine(3)) as [string, string, string];
    for (const parentId of [top, middle, low]) {
      await expect(p.manager().updateCategory({ id: top, parentId })).rejects.toMatchObject({ code: "CONFLICT", reason: "CATEGORY_CYCLE" });
    }
    // Each below what hangs on the other: the two moves have no row in common that would make one wait.
    const pairs = await Promise.all(Array.from({ length: 10 }, () => Promise.all([aLine(2), aLine(2)])));
    const moves = pairs.flatMap(([one, other]) => [
      [one[0], other[1]],
      [other[0], one[1]],
    ]);
    const results = await Promise.allSettled(
      moves.map(([id = "", parentId]) => p.manager().updateCategory({ id, ...(parentId && { parentId }) })),
    );
    for (let pair = 0; pair < results.length; pair += 2) {
      const both = results.slice(pair, pair + 2).map(({ status }) => status);
      expect(both.sort()).toEqual(["fulfilled", "rejected"]);
    }
  });

  test("is not deeper than it may be, by a new leaf or by a moved branch", async () => {
    const line = await aLine(MAX_DEPTH);
    await expect(aCategory(line.at(-1))).rejects.toMatchObject({ code: "CONFLICT", reason: "CATEGORY_DEPTH" });
    const [branch] = await aLine(2);
    const move = (parentId = "") => p.manager().updateCategory({ id: branch ?? "", parentId });
    await expect(move(line.at(-2))).rejects.toMatchObject({ code: "CONFLICT", reason: "CATEGORY_DEPTH" });
    await expect(move(line.at(-3))).resolves.toMatchObject({ parentId: line.at(-3) });
    await expect(move("")).resolves.toMatchObject({ parentId: "" });
  });
});

describe("a category", () => {
  test("is changed field by field, and says so", async () => {
    const { id, slug } = await aCategory("", "Shoes");
    expect(slug).toBe("shoes");
    await expect(aCategory("", "Shoes")).resolves.toMatchObject({ slug: "shoes-2" });
    await expect(p.manager().createCategory({ name: "X", slug })).rejects.toMatchObject({ code: "CONFLICT", reason: "SLUG_TAKEN" });
    await expect(p.manager().updateCategory({ id, name: "Boots", expectedVersion: 1n })).resolves.toMatchObject({ slug, version: 2n });
    await expect(p.manager().updateCategory({ id, name: "Y", expectedVersion: 1n })).rejects.toMatchObject({ reason: "VERSION_CONFLICT" });
    await expect(p.manager().updateCategory({ id: "cat_none", name: "Y" })).rejects.toMatchObject({ reason: "CATEGORY_NOT_FOUND" });
    await expect(aCategory("cat_none")).rejects.toMatchObject({ code: "NOT_FOUND", reason: "CATEGORY_NOT_FOUND" });
    await p.manager().deleteCategory({ id });
    expect((await p.events(id)).map(({ type, data }) => [type, data.revision])).toEqual([
      ["catalog.category.created", "1"],
      ["catalog.category.updated", "2"],
      ["catalog.category.deleted", "3"],
    ]);
  });

  test("is not deleted while something is in it", async () => {
    const { id } = await aCategory();
    const child = await aCategory(id);
    const product = await p.manager().createProduct({ sku: "IN-USE", name: "In use", categoryId: id });
    await expect(p.manager().deleteCategory({ id })).rejects.toMatchObject({
      code: "CONFLICT",
      reason: "CATEGORY_IN_USE",
      metadata: { products: "1", categories: "1" },
    });
    await p.manager().deleteProduct({ id: product.id });
    await p.manager().deleteCategory({ id: child.id });
    await p.manager().deleteCategory({ id });
    await expect(p.manager().deleteCategory({ id })).rejects.toMatchObject({ code: "NOT_FOUND", reason: "CATEGORY_NOT_FOUND" });
  });

  test("that is deleted while products are put into it leaves none of them behind", async () => {
    for (let round = 0; round < 5; round++) {
      const { id: categoryId } = await aCategory();
      const put = (index: number) => p.manager().createProduct({ sku: `RACE-${round}-${index}`, name: "Race", categoryId });
      const results = await Promise.allSettled([put(1), p.manager().deleteCategory({ id: categoryId }), put(2)]);
      const reasons = results.flatMap((result) => (result.status === "rejected" ? [result.reason.reason] : []));
      for (const reason of reasons) expect(["CATEGORY_IN_USE", "CATEGORY_NOT_FOUND"]).toContain(reason);
      const lost = await p.sql(
        "select id from catalog.products p where not exists (select from catalog.categories c where c.id = p.category_id)",
      );
      expect(lost).toEqual([]);
    }
  });
});
