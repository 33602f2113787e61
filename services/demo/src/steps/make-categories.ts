import { PlinthError } from "@plinth/kernel/base";
import type { Shop } from "../shop.ts";

/** As `data/products.csv` names them. */
const CATEGORIES = [
  { slug: "stationery", name: "Stationery" },
  { slug: "kitchen", name: "Kitchen" },
  { slug: "lighting", name: "Lighting" },
  { slug: "textiles", name: "Textiles" },
  { slug: "ceramics", name: "Ceramics" },
  { slug: "bags", name: "Bags" },
  { slug: "garden", name: "Garden" },
  { slug: "games", name: "Games and puzzles" },
  { slug: "books", name: "Books" },
  { slug: "workshop", name: "Workshop" },
] as const;

/** Makes the categories; one that is there already is left as it is. */
export async function makeCategories({ catalog }: Pick<Shop, "catalog">, key: string): Promise<void> {
  for (const [position, category] of CATEGORIES.entries()) {
    try {
      await catalog.createCategory({ ...category, position }, { idempotencyKey: `${key}:${category.slug}` });
    } catch (error) {
      if (!(error instanceof PlinthError && error.code === "CONFLICT")) throw error;
    }
  }
}
