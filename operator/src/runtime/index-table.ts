/** The values that an object is found by; none is fine. Pure: it is asked again when the object goes. */
export type IndexFunction<T> = (object: T) => Iterable<string>;

/** For each index, which keys have a value. */
export interface IndexTable<T> {
  /** Moves a key from what `previous` is found by to what `next` is found by. */
  move(key: string, previous: T | undefined, next: T | undefined): void;
  /** In the order in which they came. Throws for an index that was never declared. */
  keysOf(index: string, value: string): Iterable<string>;
}

/** `onError` is told of a function that throws; the object is then not found by that index, and everything else goes on. */
export function createIndexTable<T>(
  functions: Readonly<Record<string, IndexFunction<T>>>,
  onError: (index: string, error: unknown) => void,
): IndexTable<T> {
  const tables = new Map(Object.keys(functions).map((index) => [index, new Map<string, Set<string>>()]));

  function valuesOf(index: string, object: T | undefined): Set<string> {
    if (object === undefined) return new Set();
    try {
      return new Set((functions[index] as IndexFunction<T>)(object));
    } catch (error) {
      onError(index, error);
      return new Set();
    }
  }

  return {
    move(key, previous, next) {
      for (const [index, table] of tables) {
        const before = valuesOf(index, previous);
        const after = valuesOf(index, next);
        for (const value of before) {
          if (after.has(value)) continue;
          const keys = table.get(value);
          keys?.delete(key);
          if (keys?.size === 0) table.delete(value);
        }
        for (const value of after) {
          const keys = table.get(value);
          if (keys === undefined) table.set(value, new Set([key]));
          else keys.add(key);
        }
      }
    },
    keysOf(index, value) {
      const table = tables.get(index);
      if (table === undefined) throw new Error(`There is no index ${index}.`);
      return table.get(value) ?? [];
    },
  };
}
