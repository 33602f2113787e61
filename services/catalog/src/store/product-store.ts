import { type Page, type PageRequest, PlinthError } from "@plinth/kernel/base";
import { type Database, listPage, type Transaction } from "@plinth/kernel/database";
import { categoryNotFound } from "../domain/category.ts";
import { type Product, productNotFound } from "../domain/product.ts";
import type { ProductAct, ProductFilter, ProductKey, ProductOrder, ProductStore } from "../domain/product-store.ts";
import { searchWords } from "../domain/search-words.ts";
import { freeSlug, slugCandidates, slugOf } from "../domain/slug.ts";
import { TREE_OF } from "./category-sql.ts";
import type { ProductEvents } from "./product-events.ts";
import { holdCategory, lockProduct, refuseSlug, writeProducts } from "./product-rows.ts";
import { BY_IDS_OR_SKUS, LIST, SCAN, SELECT } from "./product-sql.ts";

type ProductRow = Product & Record<string, unknown>;

const KEY_CONDITIONS: Record<ProductKey["by"], string> = {
  id: "p.id = $2",
  slug: "p.slug = $2",
  sku: "p.id = (select product_id from variants where tenant_id = $1 and sku = $2)",
};

/** How often a made slug may be taken by somebody faster. */
const SLUG_TRIES = 5;
/** Products that one statement of an export reads. */
const SCANNED = 500;

/** Products in Postgres. */
export class PostgresProductStore implements ProductStore {
  readonly #database: Database;
  readonly #events: ProductEvents;

  constructor(database: Database, events: ProductEvents) {
    this.#database = database;
    this.#events = events;
  }

  async insert(product: Product, slugFor: string | undefined): Promise<Product> {
    const work = async (tx: Transaction) => {
      await holdCategory(tx, product.categoryId);
      const made = slugFor === undefined ? product : { ...product, slug: await madeSlug(tx, slugFor, product.id) };
      await writeProducts(tx, [made]);
      await this.#events.created(tx, made);
      return made;
    };
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#database.transaction(work).catch(refuseSlug);
      } catch (error) {
        const taken = error instanceof PlinthError && error.reason === "SLUG_TAKEN";
        if (!taken || slugFor === undefined || attempt === SLUG_TRIES) throw error;
      }
    }
  }

  findProduct({ by, value }: ProductKey): Promise<Product | undefined> {
    return this.#database.read(async (tx) => {
      const [product] = await tx.query<Product>(`${SELECT} and ${KEY_CONDITIONS[by]}`, [tx.tenantId, value]);
      return product;
    });
  }

  findProducts(ids: readonly string[], skus: readonly string[]): Promise<Product[]> {
    return this.#database.read((tx) => tx.query<Product>(BY_IDS_OR_SKUS, [tx.tenantId, ids, skus]));
  }

  listProducts({ category, query, status }: ProductFilter, { by, direction }: ProductOrder, page: PageRequest): Promise<Page<Product>> {
    return this.#database.read(async (tx) => {
      const categories = category === "" ? null : await treeOf(tx, category);
      const words = searchWords(query);
      // Only signs and no word: nothing is found by it.
      if (query !== "" && words.length === 0) return { items: [], nextPageToken: "" };
      const search = words.length === 0 ? null : words.map((word) => `'${word}':*`).join(" & ");
      const parameters = [tx.tenantId, status ?? "", categories, search];
      const order = [by, "id"].map((column) => ({ by: column, direction }));
      return listPage<ProductRow>(tx, { sql: LIST, parameters, order, page });
    });
  }

  change(id: string, act: ProductAct, decide: (product: Product) => Product): Promise<Product> {
    const work = async (tx: Transaction) => {
      const before = await lockProduct(tx, id);
      if (before === undefined) throw productNotFound(id);
      const after = decide(before);
      if (after.categoryId !== before.categoryId) await holdCategory(tx, after.categoryId);
      const kept = new Set(after.variants.map(({ sku }) => sku));
      const gone = before.variants.map(({ sku }) => sku).filter((sku) => !kept.has(sku));
      if (gone.length > 0) await tx.query("delete from variants where tenant_id = $1 and sku = any($2)", [tx.tenantId, gone]);
      await writeProducts(tx, [after]);
      await this.#events.changed(tx, after, act);
      return after;
    };
    return this.#database.transaction(work).catch(refuseSlug);
  }

  async remove(id: string): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const product = await lockProduct(tx, id);
      if (product === undefined) throw productNotFound(id);
      await tx.query("delete from products where tenant_id = $1 and id = $2", [tx.tenantId, id]);
      await this.#events.deleted(tx, product, new Date());
    });
  }

  async *scan(): AsyncIterable<readonly (readonly [product: Product, categorySlug: string])[]> {
    type Row = Product & { readonly categorySlug: string };
    let last = "";
    for (;;) {
      const rows = await this.#database.read((tx) => tx.query<Row>(SCAN, [tx.tenantId, last, SCANNED]));
      if (rows.length > 0) yield rows.map(({ categorySlug, ...product }) => [product, categorySlug] as const);
      if (rows.length < SCANNED) return;
      last = rows.at(-1)?.id ?? "";
    }
  }
}

async function treeOf(tx: Transaction, category: string): Promise<string[]> {
  const tree = await tx.query<{ id: string }>(TREE_OF, [tx.tenantId, category]);
  if (tree.length === 0) throw categoryNotFound(category);
  return tree.map(({ id }) => id);
}

async function madeSlug(tx: Transaction, name: string, id: string): Promise<string> {
  const base = slugOf(name, "product");
  const sql = "select slug from products where tenant_id = $1 and slug = any($2)";
  const taken = await tx.query<{ slug: string }>(sql, [tx.tenantId, slugCandidates(base, id)]);
  return freeSlug(base, id, new Set(taken.map(({ slug }) => slug)));
}
