/** A product with its variants, as the domain knows it. Conditions on `p` follow. */
const COLUMNS = `
  p.id, p.tenant_id as "tenantId", p.slug, p.name, p.description, p.brand, p.category_id as "categoryId", p.attributes,
  p.tax_class as "taxClass", p.weight_grams as "weightGrams", p.status, p.media, p.options, p.version,
  p.created_at as "createdAt", p.updated_at as "updatedAt", p.published_at as "publishedAt",
  (select coalesce(json_agg(json_build_object('sku', v.sku, 'title', v.title, 'options', v.options, 'weightGrams', v.weight_grams)
      order by v.position), '[]')
    from variants v where v.tenant_id = p.tenant_id and v.product_id = p.id) as variants`;

export const SELECT = `select ${COLUMNS} from products p where p.tenant_id = $1`;

/** $1 tenant, $2 ids, $3 SKUs. One list of ids: an OR of both would read all products. */
export const BY_IDS_OR_SKUS = `${SELECT} and p.id = any(array(
  select unnest($2::text[]) union select product_id from variants where tenant_id = $1 and sku = any($3::text[])))`;

/** $1 tenant, $2 status or empty, $3 categories or null, $4 words as a tsquery or null. */
export const LIST = `${SELECT} and ($2 = '' or p.status = $2) and ($3::text[] is null or p.category_id = any($3))
  and ($4::text is null or p.search @@ $4::tsquery)`;

/** $1 tenant, $2 the last id seen, $3 how many: products by id, with the slugs of their categories. */
export const SCAN = `select ${COLUMNS}, c.slug as "categorySlug"
from products p join categories c on c.tenant_id = p.tenant_id and c.id = p.category_id
where p.tenant_id = $1 and p.id > $2 order by p.id limit $3`;

/**
 * Makes or changes products, $2 as a JSON list of their rows. The order is the same for everybody, so that nobody waits for somebody who waits
 * for them.
 */
export const WRITE_PRODUCTS = `
insert into products (id, tenant_id, slug, name, description, brand, category_id, attributes, tax_class, weight_grams, status, media, options,
  search, version, created_at, updated_at, published_at)
select r.id, $1, r.slug, r.name, r.description, r.brand, r."categoryId", r.attributes, r."taxClass", r."weightGrams", r.status, r.media, r.options,
  array_to_tsvector(array(select jsonb_array_elements_text(r.words))), r.version, r."createdAt", r."updatedAt", r."publishedAt"
from jsonb_to_recordset($2::jsonb) as r (id text, slug text, name text, description text, brand text, "categoryId" text, attributes jsonb,
  "taxClass" text, "weightGrams" integer, status text, media jsonb, options jsonb, words jsonb, version integer,
  "createdAt" timestamptz, "updatedAt" timestamptz, "publishedAt" timestamptz)
order by r.slug collate "C"
on conflict (id) do update set slug = excluded.slug, name = excluded.name, description = excluded.description, brand = excluded.brand,
  category_id = excluded.category_id, attributes = excluded.attributes, tax_class = excluded.tax_class, weight_grams = excluded.weight_grams,
  status = excluded.status, media = excluded.media, options = excluded.options, search = excluded.search, version = excluded.version,
  updated_at = excluded.updated_at, published_at = excluded.published_at`;

/** Makes or changes variants, $2 as a JSON list of their rows. Answers the SKUs written: one that another product has is left alone. */
export const WRITE_VARIANTS = `
insert into variants (tenant_id, sku, product_id, position, title, options, weight_grams)
select $1, r.sku, r."productId", r.position, r.title, r.options, r."weightGrams"
from jsonb_to_recordset($2::jsonb) as r (sku text, "productId" text, position integer, title text, options jsonb, "weightGrams" integer)
order by r.sku collate "C"
on conflict (tenant_id, sku) do update set position = excluded.position, title = excluded.title, options = excluded.options,
  weight_grams = excluded.weight_grams
  where variants.product_id = excluded.product_id
returning sku`;
