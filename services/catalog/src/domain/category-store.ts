import type { Page, PageRequest } from "@plinth/kernel/base";
import type { Category } from "./category.ts";

/** Each change writes the row, the event and the audit entry in one transaction; one at a time in a tenant, since all hang together. */
export interface CategoryStore {
  /**
   * @param slugFor As in `ProductStore.insert`.
   * Throws NOT_FOUND, reason CATEGORY_NOT_FOUND for the parent; CONFLICT, reasons SLUG_TAKEN, CATEGORY_DEPTH.
   */
  insert(category: Category, slugFor: string | undefined): Promise<Category>;
  findCategory(id: string): Promise<Category | undefined>;
  /** By parent, position and name. `parentId` undefined: all of them; null: those at the top. */
  listCategories(parentId: string | null | undefined, page: PageRequest): Promise<Page<Category>>;
  /**
   * Applies `decide` to the locked row. Throws NOT_FOUND, reason CATEGORY_NOT_FOUND; CONFLICT, reasons SLUG_TAKEN, CATEGORY_CYCLE,
   * CATEGORY_DEPTH.
   */
  change(id: string, decide: (category: Category) => Category): Promise<Category>;
  /** Throws NOT_FOUND, reason CATEGORY_NOT_FOUND; CONFLICT, reason CATEGORY_IN_USE. */
  remove(id: string): Promise<void>;
}
