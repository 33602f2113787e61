import { conflict, type Page, type PageRequest } from "@plinth/kernel/base";
import { type Database, listPage, onUniqueViolation, type Transaction } from "@plinth/kernel/database";
import { type Category, type CategoryUse, categoryNotFound, checkPlace, checkUnused, type Place } from "../domain/category.ts";
import type { CategoryStore } from "../domain/category-store.ts";
import { freeSlug, slugCandidates, slugOf } from "../domain/slug.ts";
import type { CategoryEvents } from "./category-events.ts";
import { CATEGORIES, PLACE_OF, USE_OF } from "./category-sql.ts";
import { CategoryEntity } from "./entities.ts";

const AS_A_TREE = (["parentKey", "position", "name", "id"] as const).map((by) => ({ by, direction: "asc" }) as const);

/** Categories in Postgres. */
export class PostgresCategoryStore implements CategoryStore {
  readonly #database: Database;
  readonly #events: CategoryEvents;

  constructor(database: Database, events: CategoryEvents) {
    this.#database = database;
    this.#events = events;
  }

  insert(category: Category, slugFor: string | undefined): Promise<Category> {
    const work = async (tx: Transaction) => {
      await lockTree(tx);
      await checkPlaced(tx, category);
      const made = slugFor === undefined ? category : { ...category, slug: await madeSlug(tx, slugFor, category.id) };
      await tx.manager.insert(CategoryEntity, made);
      await this.#events.created(tx, made);
      return made;
    };
    return this.#database.transaction(work).catch(refuseSlug);
  }

  findCategory(id: string): Promise<Category | undefined> {
    return this.#database.read(async (tx) => (await tx.manager.findOneBy(CategoryEntity, { id })) ?? undefined);
  }

  listCategories(parentId: string | null | undefined, page: PageRequest): Promise<Page<Category>> {
    return this.#database.read((tx) => {
      const parameters = [tx.tenantId, parentId === undefined, parentId ?? ""];
      return listPage<Category & Record<string, unknown>>(tx, { sql: CATEGORIES, parameters, order: AS_A_TREE, page });
    });
  }

  change(id: string, decide: (category: Category) => Category): Promise<Category> {
    const work = async (tx: Transaction) => {
      await lockTree(tx);
      const before = await getCategory(tx, id);
      const after = decide(before);
      if (after.parentId !== before.parentId) await checkPlaced(tx, after);
      await tx.manager.update(CategoryEntity, { id }, after);
      await this.#events.updated(tx, after);
      return after;
    };
    return this.#database.transaction(work).catch(refuseSlug);
  }

  async remove(id: string): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await lockTree(tx);
      // Products that are just being put here hold the row until they are there, and are counted then.
      const category = await getCategory(tx, id);
      const [use] = await tx.query<CategoryUse>(USE_OF, [tx.tenantId, id]);
      checkUnused(id, use ?? { products: 0, categories: 0 });
      await tx.manager.delete(CategoryEntity, { id });
      await this.#events.deleted(tx, category, new Date());
    });
  }
}

/** One change at a time in a tenant: two moves that are right alone may make a circle together. */
async function lockTree(tx: Transaction): Promise<void> {
  await tx.query("select pg_advisory_xact_lock(hashtextextended('catalog.categories ' || $1, 0))", [tx.tenantId]);
}

async function getCategory(tx: Transaction, id: string): Promise<Category> {
  const category = await tx.manager.findOne(CategoryEntity, { where: { id }, lock: { mode: "pessimistic_write" } });
  if (!category) throw categoryNotFound(id);
  return category;
}

async function checkPlaced(tx: Transaction, { id, parentId }: Category): Promise<void> {
  const [place] = await tx.query<Place>(PLACE_OF, [tx.tenantId, parentId, id]);
  if (place === undefined) return;
  if (parentId !== null && place.above.length === 0) throw categoryNotFound(parentId);
  checkPlace({ id, parentId }, place);
}

async function madeSlug(tx: Transaction, name: string, id: string): Promise<string> {
  const base = slugOf(name, "category");
  const sql = "select slug from categories where tenant_id = $1 and slug = any($2)";
  const taken = await tx.query<{ slug: string }>(sql, [tx.tenantId, slugCandidates(base, id)]);
  return freeSlug(base, id, new Set(taken.map(({ slug }) => slug)));
}

function refuseSlug(error: unknown): never {
  throw onUniqueViolation(error, (constraint) =>
    constraint === "categories_slug_key"
      ? conflict("Another category has this slug; choose another one.", { reason: "SLUG_TAKEN" })
      : undefined,
  );
}
