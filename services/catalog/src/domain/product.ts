import { conflict, defineTransitions, notFound, type PlinthError, validation } from "@plinth/kernel/base";
import { arrangedOptions, type ProductOption, type Variant } from "./variants.ts";

export type ProductStatus = "draft" | "published";

export interface Media {
  /** An http or https address, or a path of this platform. */
  readonly url: string;
  readonly alt: string;
}

/** What its makers write of a product. */
export interface ProductText {
  readonly name: string;
  readonly description: string;
  readonly brand: string;
  readonly categoryId: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Empty: the standard one. */
  readonly taxClass: string;
  /** Of variants that do not say their own; 0: not known. */
  readonly weightGrams: number;
  readonly media: readonly Media[];
}

export interface Product extends ProductText {
  readonly id: string;
  readonly tenantId: string;
  /** Unique in the tenant. */
  readonly slug: string;
  readonly status: ProductStatus;
  readonly options: readonly ProductOption[];
  /** At least one, in the order to show them. */
  readonly variants: readonly Variant[];
  /** 1 at creation, one more with each change. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly publishedAt: Date | null;
}

/** Absent fields stay. */
export interface ProductChange extends Partial<{ readonly [Field in keyof ProductText]: ProductText[Field] | undefined }> {
  readonly slug?: string | undefined;
  /** Absent: those there are learn the values of new variants. None: made from the variants. */
  readonly options?: readonly ProductOption[] | undefined;
  readonly variants?: readonly Variant[] | undefined;
}

type Move = "publish" | "unpublish";

const transitions = defineTransitions<ProductStatus, Move>("product", "PRODUCT_STATUS", {
  draft: { publish: "published" },
  published: { unpublish: "draft" },
});

/** @param expectedVersion What the editor saw: a change made in the meantime is not overwritten. */
export function changeProduct(product: Product, change: ProductChange, expectedVersion: number | undefined, now: Date): Product {
  checkVersion(product, expectedVersion);
  const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as Partial<Product>;
  const { options = product.options, variants = product.variants } = change;
  const learns = change.options === undefined || options.length === 0;
  const { name = product.name, brand = product.brand } = change;
  if (name.trim() === "") throw validation({ name: "is blank; give at least one character" });
  return {
    ...product,
    ...given,
    name: name.trim(),
    brand: brand.trim(),
    options: arrangedOptions(options, variants, learns),
    version: product.version + 1,
    updatedAt: now,
  };
}

/** Throws CONFLICT, reasons PRODUCT_STATUS, VERSION_CONFLICT. */
export function moveProduct(product: Product, move: Move, expectedVersion: number | undefined, now: Date): Product {
  checkVersion(product, expectedVersion);
  const status = transitions.next(product.status, move, undefined);
  const publishedAt = move === "publish" ? now : product.publishedAt;
  return { ...product, status, publishedAt, version: product.version + 1, updatedAt: now };
}

function checkVersion({ id, version }: Product, expectedVersion: number | undefined): void {
  if (expectedVersion === undefined || expectedVersion === version) return;
  throw conflict(`Product ${id} has version ${version}, not ${expectedVersion}: read it again and repeat the change.`, {
    reason: "VERSION_CONFLICT",
    metadata: { version: String(version) },
  });
}

/** @param wanted The id, slug or SKU that was asked for. */
export function productNotFound(wanted: string): PlinthError {
  return notFound(`There is no product ${wanted}.`, { reason: "PRODUCT_NOT_FOUND", metadata: { product: wanted } });
}

export function skuInUse(sku: string): PlinthError {
  return conflict(`SKU ${sku} is in use: give another one, or change the product that has it.`, {
    reason: "PRODUCT_EXISTS",
    metadata: { sku },
  });
}

/** The weight of a variant: its own or its product's. */
export function weightOf({ weightGrams }: Pick<Product, "weightGrams">, variant: Variant): number {
  return variant.weightGrams ?? weightGrams;
}

/** A picture of the product: its first medium, or the one that is drawn of it. `publicUrl` is the gateway as shoppers see it. */
export function imageUrlOf({ id, media }: Pick<Product, "id" | "media">, publicUrl: string): string {
  const path = media[0]?.url ?? `/api/v1/catalog/products/${id}/picture.svg`;
  return path.startsWith("/") ? publicUrl + path : path;
}
