import type { Database, RememberedReads, Transaction } from "@plinth/kernel/database";
import type { Product } from "../domain/product.ts";

/** $1 tenant, then columns of products: takes what is newer than what is known, and answers which. Locks them all, in one order. */
const TAKE = `
insert into products (tenant_id, product_id, name, published, image_url, revision, heard_at)
select $1, p.*, statement_timestamp()
from unnest($2::text[], $3::text[], $4::boolean[], $5::text[], $6::bigint[]) as p (product_id, name, published, image_url, revision)
order by product_id
on conflict (tenant_id, product_id) do update set name = excluded.name, published = excluded.published, image_url = excluded.image_url,
  revision = excluded.revision, heard_at = excluded.heard_at
where products.revision < excluded.revision
returning product_id as "productId"`;

/**
 * $1 tenant, $2 products, then columns of variants: these are all their variants from now on. A statement of its own: it must see what others wrote of
 * these products until they were locked.
 */
const REPLACE_SKUS = `
with wanted as materialized (
  select * from unnest($3::text[], $4::text[], $5::integer[], $6::text[], $7::text[], $8::integer[])
    as v (product_id, sku, place, title, tax_class, weight_grams)
), gone as (
  delete from product_skus s where tenant_id = $1 and product_id = any ($2)
    and not exists (select from wanted w where w.product_id = s.product_id and w.sku = s.sku)
)
insert into product_skus (tenant_id, product_id, sku, place, title, tax_class, weight_grams)
select $1, product_id, sku, place, title, tax_class, weight_grams from wanted
on conflict (tenant_id, product_id, sku) do update set place = excluded.place, title = excluded.title, tax_class = excluded.tax_class,
  weight_grams = excluded.weight_grams`;

/** What pricing knows of the catalog's products, in Postgres. */
export class ProductStore {
  readonly #database: Database;
  readonly #memory: Pick<RememberedReads, "forget">;

  constructor(database: Database, memory: Pick<RememberedReads, "forget">) {
    this.#database = database;
    this.#memory = memory;
  }

  async takeAll(products: readonly Product[]): Promise<void> {
    await this.#database.transaction((tx) => this.take(tx, products));
    this.#memory.forget();
  }

  /** In the caller's transaction. A deleted product is one without variants: it stays, so that older news of it do not bring it back. */
  async take(tx: Transaction, products: readonly Product[]): Promise<void> {
    const taken = await tx.query<{ productId: string }>(TAKE, [
      tx.tenantId,
      products.map(({ productId }) => productId),
      products.map(({ name }) => name),
      products.map(({ published }) => published),
      products.map(({ imageUrl }) => imageUrl),
      products.map(({ revision }) => revision),
    ]);
    if (taken.length === 0) return;
    const ids = new Set(taken.map(({ productId }) => productId));
    const variants = products
      .filter(({ productId }) => ids.has(productId))
      .flatMap((product) => product.variants.map((variant, place) => ({ ...variant, place, productId: product.productId })));
    await tx.query(REPLACE_SKUS, [
      tx.tenantId,
      [...ids],
      variants.map(({ productId }) => productId),
      variants.map(({ sku }) => sku),
      variants.map(({ place }) => place),
      variants.map(({ title }) => title),
      variants.map(({ taxClass }) => taxClass),
      variants.map(({ weightGrams }) => weightGrams),
    ]);
  }
}
