import { newId, PlinthError } from "@plinth/kernel/base";
import type { Database, Transaction } from "@plinth/kernel/database";
import { type ImportGroup, resettledGroups } from "../domain/import/group-rows.ts";
import type { ImportOutcome, ImportStore } from "../domain/import/import-store.ts";
import { type ProductPlan, planProduct } from "../domain/import/plan-product.ts";
import type { Product } from "../domain/product.ts";
import { freeSlug, slugCandidates, slugOf } from "../domain/slug.ts";
import { CATEGORIES_NAMED, HOLD_CATEGORIES, LOCK_PRODUCTS, SLUGS_OF_SKUS, TAKEN_SLUGS } from "./import-sql.ts";
import type { ProductEvents } from "./product-events.ts";
import { refuseSlug, writeProducts } from "./product-rows.ts";
import { SELECT } from "./product-sql.ts";

/** How often others may make what a batch was about to make. */
const TRIES = 5;
const OVERTAKEN: ReadonlySet<string> = new Set(["PRODUCT_EXISTS", "SLUG_TAKEN"]);

interface PlannedGroup {
  readonly rows: number;
  readonly plan: ProductPlan;
}

/** Imports into Postgres. */
export class PostgresImportStore implements ImportStore {
  readonly #database: Database;
  readonly #events: ProductEvents;

  constructor(database: Database, events: ProductEvents) {
    this.#database = database;
    this.#events = events;
  }

  slugsOfSkus(skus: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.#database.read((tx) => slugsOfSkus(tx, skus));
  }

  async write(groups: readonly ImportGroup[], dryRun: boolean): Promise<ImportOutcome> {
    if (dryRun) return this.#database.read(async (tx) => outcomeOf(await planAll(tx, groups, false)));
    const work = async (tx: Transaction) => {
      const planned = await planAll(tx, groups, true);
      await this.#carryOut(tx, planned);
      return outcomeOf(planned);
    };
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#database.transaction(work).catch(refuseSlug);
      } catch (error) {
        // Somebody made one of these products a moment ago: it is planned anew, now as one that is there.
        if (!(error instanceof PlinthError) || !OVERTAKEN.has(error.reason) || attempt === TRIES) throw error;
      }
    }
  }

  async #carryOut(tx: Transaction, planned: readonly PlannedGroup[]): Promise<void> {
    const changes = planned.flatMap(({ plan }) => (plan.kind === "created" || plan.kind === "updated" ? [plan] : []));
    if (changes.length === 0) return;
    await writeProducts(
      tx,
      changes.map(({ product }) => product),
    );
    for (const { before, product } of changes) {
      if (before === undefined) await this.#events.created(tx, product);
      else if (before.status === product.status) await this.#events.changed(tx, product, "updated");
      else await this.#events.changed(tx, product, product.status === "published" ? "published" : "unpublished");
    }
  }
}

async function planAll(tx: Transaction, wanted: readonly ImportGroup[], locks: boolean): Promise<PlannedGroup[]> {
  const rows = wanted.flatMap((group) => group.rows);
  const slugOfSku = await slugsOfSkus(
    tx,
    rows.map(({ sku }) => sku),
  );
  const groups = resettledGroups(wanted, slugOfSku);
  const named = groups.map(({ slug }) => slug).filter((slug) => slug !== "");
  if (locks) await tx.query(LOCK_PRODUCTS, [tx.tenantId, named]);
  const products = await tx.query<Product>(`${SELECT} and p.slug = any($2::text[])`, [tx.tenantId, named]);
  const known = new Map(products.map((product) => [product.slug, product]));
  const categories = rows.flatMap(({ ofProduct }) => ofProduct.category?.value || []);
  const around = { tenantId: tx.tenantId, now: new Date(), categoryIds: await categoryIds(tx, categories, locks), slugOfSku };
  const fresh = await freshNames(tx, groups, named);
  return groups.map((group, index) => {
    const plan = planProduct(group, known.get(group.slug), fresh[index] ?? { id: "", slug: "" }, around);
    return { rows: group.rows.length, plan };
  });
}

/** Ids and slugs for the products that are not there yet; no two of them get the same, nor what others are named in the file. */
async function freshNames(tx: Transaction, groups: readonly ImportGroup[], named: readonly string[]) {
  const wanted = groups.map(({ slug, rows }) => {
    const name = rows.find(({ ofProduct }) => ofProduct.name?.value)?.ofProduct.name?.value ?? "";
    return { id: newId("prod"), slug, base: slugOf(name, "product") };
  });
  const candidates = wanted.flatMap(({ id, slug, base }) => (slug === "" ? slugCandidates(base, id) : []));
  const rows = await tx.query<{ slug: string }>(TAKEN_SLUGS, [tx.tenantId, candidates]);
  const taken = new Set([...named, ...rows.map(({ slug }) => slug)]);
  return wanted.map(({ id, slug, base }) => {
    if (slug !== "") return { id, slug };
    const made = freeSlug(base, id, taken);
    taken.add(made);
    return { id, slug: made };
  });
}

async function categoryIds(tx: Transaction, wanted: readonly string[], locks: boolean): Promise<ReadonlyMap<string, string>> {
  const rows = await tx.query<{ id: string; slug: string }>(locks ? HOLD_CATEGORIES : CATEGORIES_NAMED, [
    tx.tenantId,
    [...new Set(wanted)],
  ]);
  return new Map(rows.flatMap(({ id, slug }) => [[id, id] as const, [slug, id] as const]));
}

async function slugsOfSkus(tx: Transaction, skus: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const rows = await tx.query<{ sku: string; slug: string }>(SLUGS_OF_SKUS, [tx.tenantId, skus]);
  return new Map(rows.map(({ sku, slug }) => [sku, slug]));
}

function outcomeOf(planned: readonly PlannedGroup[]): ImportOutcome {
  const count = (kind: ProductPlan["kind"]) => planned.filter(({ plan }) => plan.kind === kind).length;
  return {
    created: count("created"),
    updated: count("updated"),
    unchanged: count("unchanged"),
    rows: planned.reduce((sum, { rows, plan }) => sum + (plan.kind === "refused" ? 0 : rows), 0),
    faults: planned.flatMap(({ plan }) => (plan.kind === "refused" ? plan.faults : [])),
  };
}
