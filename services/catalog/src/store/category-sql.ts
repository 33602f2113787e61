/** $1 tenant, $2 an id or a slug: the category and all below it; no row where there is none. */
export const TREE_OF = `
with recursive tree as (
  select id from categories where tenant_id = $1 and (id = $2 or slug = $2)
  union
  select c.id from categories c join tree t on c.parent_id = t.id where c.tenant_id = $1
)
select id from tree`;

/**
 * $1 tenant, $2 the parent, $3 the category: the parent and those above it, and how many levels the category takes with what is below it.
 * The depths bound both walks, whatever the rows say.
 */
export const PLACE_OF = `
with recursive above as (
  select id, parent_id, 1 as depth from categories where tenant_id = $1 and id = $2
  union all
  select c.id, c.parent_id, a.depth + 1 from categories c join above a on c.id = a.parent_id where c.tenant_id = $1 and a.depth < 100
), below as (
  select $3::text as id, 1 as depth
  union all
  select c.id, b.depth + 1 from categories c join below b on c.parent_id = b.id where c.tenant_id = $1 and b.depth < 100
)
select (select coalesce(array_agg(id), '{}') from above) as above, (select max(depth) from below) as levels`;

/** $1 tenant, $2 category: how much is in it. */
export const USE_OF = `
select (select count(*)::int from products where tenant_id = $1 and category_id = $2) as products,
  (select count(*)::int from categories where tenant_id = $1 and parent_id = $2) as categories`;

/** $1 tenant, $2 whether all are wanted, $3 the parent, empty at the top. */
export const CATEGORIES = `
select id, tenant_id as "tenantId", parent_id as "parentId", coalesce(parent_id, '') as "parentKey", slug, name, position, version,
  created_at as "createdAt", updated_at as "updatedAt"
from categories where tenant_id = $1 and ($2::boolean or coalesce(parent_id, '') = $3)`;
