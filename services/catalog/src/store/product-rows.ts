import { conflict } from "@plinth/kernel/base";
import { onUniqueViolation, type Transaction } from "@plinth/kernel/database";
import { categoryNotFound } from "../domain/category.ts";
import { type Product, skuInUse } from "../domain/product.ts";
import { searchWords } from "../domain/search-words.ts";
import { SELECT, WRITE_PRODUCTS, WRITE_VARIANTS } from "./product-sql.ts";

/** The product, which nobody else changes until the transaction ends. */
export async function lockProduct(tx: Transaction, id: string): Promise<Product | undefined> {
  // Two statements: what a locking one reads of other tables may be older than the row it waited for.
  const [locked] = await tx.query("select id from products where tenant_id = $1 and id = $2 for update", [tx.tenantId, id]);
  if (locked === undefined) return undefined;
  const [product] = await tx.query<Product>(`${SELECT} and p.id = $2`, [tx.tenantId, id]);
  return product;
}

/**
 * Makes or changes these products with their variants, by two statements however many there are; variants that are gone are not taken away.
 * Throws CONFLICT, reasons PRODUCT_EXISTS, SLUG_TAKEN.
 */
export async function writeProducts(tx: Transaction, products: readonly Product[]): Promise<void> {
  const rows = products.map(({ variants, ...row }) => {
    const words = searchWords(row.name, row.brand, ...variants.map(({ sku }) => sku));
    return { ...row, words };
  });
  await tx.query(WRITE_PRODUCTS, [tx.tenantId, JSON.stringify(rows)]);
  const variants = products.flatMap(({ id: productId, variants }) =>
    variants.map((variant, position) => ({ ...variant, productId, position })),
  );
  const written = await tx.query<{ sku: string }>(WRITE_VARIANTS, [tx.tenantId, JSON.stringify(variants)]);
  const ours = new Set(written.map(({ sku }) => sku));
  const foreign = variants.find(({ sku }) => !ours.has(sku));
  if (foreign !== undefined) throw skuInUse(foreign.sku);
}

/** Keeps the category until the transaction ends. Throws NOT_FOUND, reason CATEGORY_NOT_FOUND. */
export async function holdCategory(tx: Transaction, id: string): Promise<void> {
  const found = await tx.query("select id from categories where tenant_id = $1 and id = $2 for key share", [tx.tenantId, id]);
  if (found.length === 0) throw categoryNotFound(id);
}

/** For a `catch` around a transaction that writes products. */
export function refuseSlug(error: unknown): never {
  throw onUniqueViolation(error, (constraint) =>
    constraint === "products_slug_key"
      ? conflict("Another product has this slug; choose another one.", { reason: "SLUG_TAKEN" })
      : undefined,
  );
}
