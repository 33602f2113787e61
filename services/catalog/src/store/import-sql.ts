/** $1 tenant, $2 SKUs: the products that have them. */
export const SLUGS_OF_SKUS = `
select v.sku, p.slug from variants v join products p on p.tenant_id = v.tenant_id and p.id = v.product_id
where v.tenant_id = $1 and v.sku = any($2::text[])`;

/** $1 tenant, $2 ids and slugs. */
export const CATEGORIES_NAMED = `
select id, slug from categories where tenant_id = $1 and (id = any($2::text[]) or slug = any($2::text[])) order by id`;

/** The same, and keeps them until the transaction ends. */
export const HOLD_CATEGORIES = `${CATEGORIES_NAMED} for key share`;

/** $1 tenant, $2 slugs: keeps these products until the transaction ends, locked in one order by everybody. */
export const LOCK_PRODUCTS = "select id from products where tenant_id = $1 and slug = any($2::text[]) order by id for update";

/** $1 tenant, $2 slugs. */
export const TAKEN_SLUGS = "select slug from products where tenant_id = $1 and slug = any($2::text[])";
