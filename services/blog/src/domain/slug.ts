const MAX_SLUG_CHARACTERS = 80;

/** "Hello, Wörld!" → "hello-world". A title without a single Latin letter or digit gives "post". */
export function slugOf(title: string): string {
  const ascii = title
    .normalize("NFKD")
    .replaceAll(/\p{Mark}/gu, "")
    .toLowerCase();
  const slug = ascii
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, MAX_SLUG_CHARACTERS)
    .replaceAll(/^-+|-+$/g, "");
  return slug || "post";
}

/** The same slug with a number: what to try when `slug` is taken. */
export function numberedSlug(slug: string, attempt: number): string {
  return attempt === 1 ? slug : `${slug}-${attempt}`;
}
