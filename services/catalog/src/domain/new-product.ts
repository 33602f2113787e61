import { validation } from "@plinth/kernel/base";
import type { Product, ProductText } from "./product.ts";
import { arrangedOptions, type ProductOption, type Variant } from "./variants.ts";

export interface NewProduct extends ProductText {
  /** Of the only variant; empty where there are several. */
  readonly sku: string;
  /** None: made from the variants. */
  readonly options: readonly ProductOption[];
  readonly variants: readonly Variant[];
}

/** A draft. Throws VALIDATION_ERROR with everything that is missing, or that does not fit. */
export function newProduct(id: string, tenantId: string, slug: string, made: NewProduct, now: Date): Product {
  const { sku, options, variants: several, ...text } = made;
  checkComplete(made);
  const variants = several.length > 0 ? several : [{ sku, title: "", options: {}, weightGrams: null }];
  return {
    id,
    tenantId,
    slug,
    ...text,
    name: text.name.trim(),
    brand: text.brand.trim(),
    status: "draft",
    options: arrangedOptions(options, variants, options.length === 0),
    variants,
    version: 1,
    createdAt: now,
    updatedAt: now,
    publishedAt: null,
  };
}

function checkComplete({ sku, name, categoryId, variants }: NewProduct): void {
  const faults: Record<string, string> = {};
  if (sku === "" && variants.length === 0) faults.sku = "is missing; give the SKU of the only variant, or variants";
  if (name.trim() === "") faults.name = "is missing; give 1 to 200 characters";
  if (categoryId === "") faults.category_id = "is missing; give the id of a category";
  if (sku !== "" && variants.length > 0 && !variants.some((variant) => variant.sku === sku)) {
    faults.sku = `"${sku}" is none of the variants; give sku for a product with one variant, or variants`;
  }
  if (Object.keys(faults).length > 0) throw validation(faults);
}
