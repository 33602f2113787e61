/** A mapping of keys, as YAML and JSON have it. */
export type Tree = { [key: string]: unknown };

/** One origin of values. Later layers win key by key; lists are replaced whole. */
export interface Layer {
  readonly source: string;
  readonly tree: Tree;
}

export interface MergedLayers {
  readonly tree: Tree;
  /** Dotted path of each leaf → the layer that gave it. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Lays the layers over each other and remembers where each value came from. */
export function mergeLayers(layers: readonly Layer[]): MergedLayers {
  const tree: Tree = {};
  const sources = new Map<string, string>();
  for (const layer of layers) layOver(tree, layer.tree, layer.source, "", sources);
  return { tree, sources };
}

/** The value at a path, or undefined. */
export function valueAt(tree: unknown, path: readonly string[]): unknown {
  let at: unknown = tree;
  for (const key of path) {
    if (!isTree(at) || !Object.hasOwn(at, key)) return undefined;
    at = at[key];
  }
  return at;
}

/** A tree with the one value at `path`. */
export function treeOf(path: readonly string[], value: unknown): Tree {
  let inner: unknown = value;
  for (const key of path.toReversed()) inner = { [key]: inner };
  return isTree(inner) ? inner : {};
}

export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

function layOver(target: Tree, from: Tree, source: string, prefix: string, sources: Map<string, string>): void {
  for (const [key, value] of Object.entries(from)) {
    if (key === "__proto__") continue;
    const path = prefix === "" ? key : `${prefix}.${key}`;
    if (isTree(value)) {
      const below = target[key];
      if (isTree(below)) {
        // An empty mapping was a value of its own until now.
        if (Object.keys(value).length > 0) sources.delete(path);
        layOver(below, value, source, path, sources);
        continue;
      }
      sources.delete(path);
      const fresh: Tree = {};
      target[key] = fresh;
      layOver(fresh, value, source, path, sources);
      if (Object.keys(value).length === 0) sources.set(path, source);
      continue;
    }
    for (const known of sources.keys()) if (known.startsWith(`${path}.`)) sources.delete(known);
    target[key] = structuredClone(value);
    sources.set(path, source);
  }
}
