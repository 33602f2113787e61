import { conflict, notFound, type PlinthError } from "@plinth/kernel/base";

/** Levels of the tree; a category at the top is on the first. */
export const MAX_DEPTH = 10;

export interface Category {
  readonly id: string;
  readonly tenantId: string;
  /** Null: it stands at the top. */
  readonly parentId: string | null;
  /** Unique in the tenant. */
  readonly slug: string;
  readonly name: string;
  /** Among its siblings, lowest first. */
  readonly position: number;
  /** 1 at creation, one more with each change. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Absent fields stay. */
export interface CategoryChange {
  readonly name?: string | undefined;
  readonly slug?: string | undefined;
  readonly parentId?: string | null | undefined;
  readonly position?: number | undefined;
}

/** Where a category is to stand. */
export interface Place {
  /** The parent and those above it, in any order; none at the top. */
  readonly above: readonly string[];
  /** Levels that the category itself takes: 1 where nothing is below it. */
  readonly levels: number;
}

/** @param expectedVersion What the editor saw: a change made in the meantime is not overwritten. */
export function changeCategory(category: Category, change: CategoryChange, expectedVersion: number | undefined, now: Date): Category {
  if (expectedVersion !== undefined && expectedVersion !== category.version) {
    throw conflict(
      `Category ${category.id} has version ${category.version}, not ${expectedVersion}: read it again and repeat the change.`,
      { reason: "VERSION_CONFLICT", metadata: { version: String(category.version) } },
    );
  }
  return {
    ...category,
    name: change.name ?? category.name,
    slug: change.slug ?? category.slug,
    parentId: change.parentId === undefined ? category.parentId : change.parentId,
    position: change.position ?? category.position,
    version: category.version + 1,
    updatedAt: now,
  };
}

/** Throws CONFLICT, reasons CATEGORY_CYCLE, CATEGORY_DEPTH. */
export function checkPlace({ id, parentId }: Pick<Category, "id" | "parentId">, { above, levels }: Place): void {
  if (above.includes(id)) {
    throw conflict(`Category ${parentId} is ${id} itself or lies below it: choose a parent elsewhere in the tree.`, {
      reason: "CATEGORY_CYCLE",
      metadata: { parent_id: parentId ?? "" },
    });
  }
  if (above.length + levels > MAX_DEPTH) {
    throw conflict(`The tree would have ${above.length + levels} levels there; it has at most ${MAX_DEPTH}.`, {
      reason: "CATEGORY_DEPTH",
      metadata: { levels: String(above.length + levels), max_levels: String(MAX_DEPTH) },
    });
  }
}

/** What is in a category. */
export interface CategoryUse {
  readonly products: number;
  readonly categories: number;
}

/** Throws CONFLICT, reason CATEGORY_IN_USE. */
export function checkUnused(id: string, { products, categories }: CategoryUse): void {
  if (products + categories === 0) return;
  throw conflict(`In category ${id} are ${products} products and ${categories} categories: move them elsewhere first.`, {
    reason: "CATEGORY_IN_USE",
    metadata: { products: String(products), categories: String(categories) },
  });
}

/** @param wanted The id or slug that was asked for. */
export function categoryNotFound(wanted: string): PlinthError {
  return notFound(`There is no category ${wanted}.`, { reason: "CATEGORY_NOT_FOUND", metadata: { category: wanted } });
}
