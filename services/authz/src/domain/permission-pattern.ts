/**
 * Patterns of permissions: an exact code `blog.post.update`, everything about a resource `blog.post.*`, everything of a
 * module `blog.*`, or everything `*`.
 */

export const EVERYTHING = "*";

/** Whether `pattern` holds all that `wanted` (a code or another pattern) holds. */
export function covers(pattern: string, wanted: string): boolean {
  if (pattern === EVERYTHING || pattern === wanted) return true;
  return pattern.endsWith(".*") && wanted.startsWith(pattern.slice(0, -1));
}

/** Whether one of them holds all that the other does, so that some code may be in both. */
export function overlaps(one: string, other: string): boolean {
  return covers(one, other) || covers(other, one);
}

/**
 * Values by pattern. A look-up by code costs the same however many there are: one look-up for the exact code and one for
 * each of the three wildcards that can hold it.
 */
export class PatternIndex<T> {
  readonly #exact = new Map<string, T[]>();
  /** By what stands before `.*`. */
  readonly #prefixes = new Map<string, T[]>();
  readonly #everything: T[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(pattern: string, value: T): void {
    this.#size++;
    if (pattern === EVERYTHING) {
      this.#everything.push(value);
      return;
    }
    const wildcard = pattern.endsWith(".*");
    const map = wildcard ? this.#prefixes : this.#exact;
    const key = wildcard ? pattern.slice(0, -2) : pattern;
    const values = map.get(key);
    if (values === undefined) map.set(key, [value]);
    else values.push(value);
  }

  /** A value whose pattern holds the code; the most exact pattern first. */
  find(code: string): T | undefined {
    const exact = this.#exact.get(code);
    if (exact !== undefined) return exact[0];
    if (this.#prefixes.size > 0) {
      for (let dot = code.lastIndexOf("."); dot > 0; dot = code.lastIndexOf(".", dot - 1)) {
        const values = this.#prefixes.get(code.slice(0, dot));
        if (values !== undefined) return values[0];
      }
    }
    return this.#everything[0];
  }

  /** All values whose pattern holds the code; the most exact pattern first. */
  collect(code: string): readonly T[] {
    if (this.#size === 0) return [];
    const found = [...(this.#exact.get(code) ?? [])];
    for (let dot = code.lastIndexOf("."); dot > 0; dot = code.lastIndexOf(".", dot - 1)) {
      found.push(...(this.#prefixes.get(code.slice(0, dot)) ?? []));
    }
    found.push(...this.#everything);
    return found;
  }
}
