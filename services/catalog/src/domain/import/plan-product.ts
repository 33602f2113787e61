import { isDeepStrictEqual } from "node:util";
import type { Product, ProductText } from "../product.ts";
import { learnedOptions, optionFaults, type Variant, variantFaults } from "../variants.ts";
import type { ImportGroup } from "./group-rows.ts";
import type { ImportRow, ProductFields, RowFault } from "./import-row.ts";
import { mergedFields, type SaidField } from "./merge-fields.ts";

/** What is known of the products and categories that a file names. */
export interface ImportSurroundings {
  readonly tenantId: string;
  readonly now: Date;
  /** By their ids and by their slugs. */
  readonly categoryIds: ReadonlyMap<string, string>;
  /** The slugs of the products that have these SKUs. */
  readonly slugOfSku: ReadonlyMap<string, string>;
}

export type ProductPlan =
  | { readonly kind: "created" | "updated" | "unchanged"; readonly before: Product | undefined; readonly product: Product }
  | { readonly kind: "refused"; readonly faults: readonly RowFault[] };

/** @param fresh Id and slug for a product that is not there yet. */
export function planProduct(
  group: ImportGroup,
  before: Product | undefined,
  fresh: Pick<Product, "id" | "slug">,
  around: ImportSurroundings,
): ProductPlan {
  const { said, faults } = mergedFields(group.rows);
  const known = before ?? emptyProduct(fresh, around);
  const variants = mergedVariants(known.variants, group.rows);
  const options = learnedOptions(said.product_options?.value ?? known.options, variants);
  const product: Product = { ...known, ...textOf(said, around, faults), status: said.status?.value ?? known.status, variants, options };
  if (before === undefined) faults.push(...missing(group.rows[0], said));
  faults.push(...foreignSkus(group.rows, product.slug, around), ...misfits(group.rows, product));
  if (faults.length > 0) return { kind: "refused", faults };
  if (before !== undefined && isDeepStrictEqual(product, before)) return { kind: "unchanged", before, product };
  const publishedAt = product.status === "published" && before?.status !== "published" ? around.now : product.publishedAt;
  const dated = { ...product, publishedAt, version: known.version + 1, updatedAt: around.now };
  return { kind: before === undefined ? "created" : "updated", before, product: dated };
}

function emptyProduct({ id, slug }: Pick<Product, "id" | "slug">, { tenantId, now }: ImportSurroundings): Product {
  return {
    ...{ id, tenantId, slug, name: "", description: "", brand: "", categoryId: "", attributes: {}, taxClass: "", weightGrams: 0 },
    ...{ media: [], status: "draft", options: [], variants: [], version: 0, createdAt: now, updatedAt: now, publishedAt: null },
  };
}

type Said = { readonly [Field in keyof ProductFields]?: SaidField<ProductFields[Field]> };

/** Absent fields stay. An unknown category is added to `faults`. */
function textOf(said: Said, { categoryIds }: ImportSurroundings, faults: RowFault[]): Partial<ProductText> {
  const category = said.category;
  const categoryId = category && categoryIds.get(category.value);
  if (category !== undefined && categoryId === undefined) {
    const problem = `there is no category "${category.value}"; make it first, or give the slug or id of one there is`;
    faults.push({ line: category.line, field: "category", value: category.value, problem });
  }
  return {
    ...(said.name && { name: said.name.value }),
    ...(said.description && { description: said.description.value }),
    ...(said.brand && { brand: said.brand.value }),
    ...(categoryId !== undefined && { categoryId }),
    ...(said.attributes && { attributes: said.attributes.value }),
    ...(said.tax_class && { taxClass: said.tax_class.value }),
    ...(said.weight_grams && { weightGrams: said.weight_grams.value }),
    ...(said.media && { media: said.media.value }),
  };
}

/** Known variants stay in their places, new ones follow in the order of the file. */
function mergedVariants(known: readonly Variant[], rows: readonly ImportRow[]): Variant[] {
  const variants = new Map(known.map((variant) => [variant.sku, variant]));
  for (const { sku, ofVariant } of rows) {
    const { title, options, weightGrams } = variants.get(sku) ?? { title: "", options: {}, weightGrams: null };
    const weight = ofVariant.variant_weight_grams;
    variants.set(sku, {
      sku,
      title: ofVariant.title ?? title,
      options: ofVariant.options ?? options,
      weightGrams: weight === undefined ? weightGrams : weight,
    });
  }
  return [...variants.values()];
}

function missing(row: ImportRow | undefined, said: Said): RowFault[] {
  const line = row?.line ?? 0;
  return (["name", "category"] as const)
    .filter((field) => said[field] === undefined)
    .map((field) => ({ line, field, value: "", problem: "is missing; a product that is new needs it" }));
}

function foreignSkus(rows: readonly ImportRow[], slug: string, { slugOfSku }: ImportSurroundings): RowFault[] {
  return rows.flatMap(({ line, sku }) => {
    const owner = slugOfSku.get(sku);
    if (owner === undefined || owner === slug) return [];
    return [{ line, field: "sku" as const, value: sku, problem: `belongs to the product "${owner}"; name that one, or take another SKU` }];
  });
}

/** What does not fit is told in the row of its variant, or in the first one. */
function misfits(rows: readonly ImportRow[], { options, variants }: Product): RowFault[] {
  const first = rows[0]?.line ?? 0;
  const ofOptions = optionFaults(options).map(([, problem]) => {
    return { line: first, field: "product_options" as const, value: JSON.stringify(options), problem };
  });
  const ofVariants = variantFaults(options, variants).map(({ index, field, value, problem }) => {
    const row = index === undefined ? undefined : rows.find(({ sku }) => sku === variants[index]?.sku);
    return {
      line: row?.line ?? first,
      field,
      value,
      problem: row || index === undefined ? problem : `${variants[index]?.sku}: ${problem}`,
    };
  });
  return [...ofOptions, ...ofVariants];
}
