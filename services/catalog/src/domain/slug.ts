const MAX_SLUG_CHARACTERS = 80;
const NUMBERED = 9;
/** The random end of an id: nobody else's slug ends with it. */
const ID_CHARACTERS = 8;

export const SLUG = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** "Hello, Wörld!" → "hello-world". A name without a single Latin letter or digit gives `fallback`. */
export function slugOf(name: string, fallback: string): string {
  const ascii = name
    .normalize("NFKD")
    .replaceAll(/\p{Mark}/gu, "")
    .toLowerCase();
  const slug = ascii
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, MAX_SLUG_CHARACTERS)
    .replaceAll(/^-+|-+$/g, "");
  return slug || fallback;
}

/** What to try for a made slug, best first; the last one is free, since the id is new. */
export function slugCandidates(slug: string, id: string): string[] {
  const numbered = Array.from({ length: NUMBERED - 1 }, (_, index) => `${slug}-${index + 2}`);
  return [slug, ...numbered, `${slug}-${id.slice(-ID_CHARACTERS)}`];
}

/** The best candidate that is not taken. */
export function freeSlug(slug: string, id: string, taken: ReadonlySet<string>): string {
  const candidates = slugCandidates(slug, id);
  return candidates.find((candidate) => !taken.has(candidate)) ?? (candidates.at(-1) as string);
}
