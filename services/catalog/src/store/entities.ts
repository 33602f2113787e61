import { EntitySchema } from "typeorm";
import type { Category } from "../domain/category.ts";

export const CategoryEntity = new EntitySchema<Category>({
  name: "Category",
  tableName: "categories",
  columns: {
    id: { type: "text", primary: true },
    tenantId: { type: "text", name: "tenant_id" },
    parentId: { type: "text", name: "parent_id", nullable: true },
    slug: { type: "text" },
    name: { type: "text" },
    position: { type: "integer" },
    version: { type: "integer" },
    createdAt: { type: "timestamptz", name: "created_at" },
    updatedAt: { type: "timestamptz", name: "updated_at" },
  },
});
