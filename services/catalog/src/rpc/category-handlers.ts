import { newId } from "@plinth/kernel/base";
import type { Handlers } from "@plinth/kernel/rpc";
import type { CatalogService } from "@plinth/proto/catalog/v1/catalog_pb";
import { type Category, changeCategory } from "../domain/category.ts";
import type { CategoryStore } from "../domain/category-store.ts";
import { categoryMessage } from "../messages/category-message.ts";

type CategoryHandlers = Pick<Handlers<typeof CatalogService>, "createCategory" | "listCategories" | "updateCategory" | "deleteCategory">;

const DEFAULT_PAGE_SIZE = 100;

export function categoryHandlers(categories: CategoryStore): CategoryHandlers {
  return {
    async createCategory({ name, parentId, slug, position }, context) {
      const now = new Date();
      const made: Category = {
        id: newId("cat"),
        tenantId: context.tenantId,
        parentId: parentId || null,
        slug: slug ?? "",
        name: name.trim(),
        position,
        version: 1,
        createdAt: now,
        updatedAt: now,
      };
      context.restStatus = 201;
      return categoryMessage(await categories.insert(made, slug === undefined ? name : undefined));
    },

    async listCategories({ parentId, pageSize, pageToken }) {
      const parent = parentId === "" ? null : parentId;
      const page = await categories.listCategories(parent, { size: pageSize || DEFAULT_PAGE_SIZE, token: pageToken });
      return { categories: page.items.map(categoryMessage), nextPageToken: page.nextPageToken };
    },

    async updateCategory({ id, expectedVersion, name, parentId, slug, position }) {
      const change = { name: name?.trim(), slug, position, parentId: parentId === "" ? null : parentId };
      const expected = expectedVersion === undefined ? undefined : Number(expectedVersion);
      return categoryMessage(await categories.change(id, (category) => changeCategory(category, change, expected, new Date())));
    },

    async deleteCategory({ id }) {
      await categories.remove(id);
      return {};
    },
  };
}
