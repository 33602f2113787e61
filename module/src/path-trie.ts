import { endsWithVerb, type PathPattern, type Segment } from "./path-pattern.ts";

/** A node of a tree of path templates: one level a segment. */
export interface PathNode<Value> {
  literals: Map<string, PathNode<Value>>;
  verbs: Map<string, PathNode<Value>>;
  parameter: PathNode<Value> | undefined;
  /** Values of the templates that end here. */
  ends: Value[];
  /** Values of the templates that go on with `**`. */
  rests: Value[];
}

export function emptyPathNode<Value>(): PathNode<Value> {
  return { literals: new Map(), verbs: new Map(), parameter: undefined, ends: [], rests: [] };
}

export function insertPath<Value>(root: PathNode<Value>, pattern: PathPattern, value: Value): void {
  let node = root;
  for (const segment of pattern.segments) {
    if (segment.kind === "rest") {
      node.rests.push(value);
      return;
    }
    node = childFor(node, segment);
  }
  node.ends.push(value);
}

function childFor<Value>(node: PathNode<Value>, segment: Exclude<Segment, { kind: "rest" }>): PathNode<Value> {
  if (segment.kind === "parameter") {
    node.parameter ??= emptyPathNode();
    return node.parameter;
  }
  const [children, key] = segment.kind === "literal" ? [node.literals, segment.text] : [node.verbs, segment.verb];
  let child = children.get(key);
  if (child === undefined) {
    child = emptyPathNode();
    children.set(key, child);
  }
  return child;
}

/**
 * The first value that `accept` takes for a path, from the most specific template to the most general. A template is looked at once at most, so
 * the cost is bounded by the tree, whatever the path is. The first `count` entries of `segments` are the path.
 */
export function findInPath<Value, Found>(
  node: PathNode<Value>,
  segments: readonly string[],
  count: number,
  accept: (values: readonly Value[]) => Found | undefined,
  depth = 0,
): Found | undefined {
  if (depth === count) {
    return (node.ends.length > 0 ? accept(node.ends) : undefined) ?? (node.rests.length > 0 ? accept(node.rests) : undefined);
  }
  const segment = segments[depth] ?? "";
  const literal = node.literals.get(segment);
  if (literal !== undefined) {
    const found = findInPath(literal, segments, count, accept, depth + 1);
    if (found !== undefined) return found;
  }
  if (node.verbs.size > 0) {
    const colon = segment.lastIndexOf(":");
    const verb = colon > 0 ? node.verbs.get(segment.slice(colon + 1)) : undefined;
    const found = verb === undefined ? undefined : findInPath(verb, segments, count, accept, depth + 1);
    if (found !== undefined) return found;
  }
  if (node.parameter !== undefined) {
    const found = findInPath(node.parameter, segments, count, accept, depth + 1);
    if (found !== undefined) return found;
  }
  return node.rests.length > 0 ? accept(node.rests) : undefined;
}

/**
 * Calls `visit` with the values of every template that shares paths with `pattern` without one of the two being the more specific: the same paths, or
 * `/a/{x}/c` beside `/a/b/{y}`. Stops when `visit` returns false.
 */
export function visitUnclear<Value>(root: PathNode<Value>, pattern: PathPattern, visit: (value: Value) => boolean): void {
  // narrower, wider: whether the pattern has so far a segment that is narrower or wider than the tree's.
  const walk = (node: PathNode<Value>, depth: number, narrower: boolean, wider: boolean): boolean => {
    const segment = pattern.segments[depth];
    const meet = (values: readonly Value[], isNarrower: boolean, isWider: boolean): boolean =>
      isNarrower !== isWider || values.every((value) => visit(value));
    if (segment === undefined) return meet(node.ends, narrower, wider) && meet(node.rests, true, wider);
    if (segment.kind === "rest") return meet(node.rests, narrower, wider) && (!narrower || visitBelow(node, visit));
    if (!meet(node.rests, true, wider)) return false;
    for (const [child, isNarrower, isWider] of overlapping(node, segment)) {
      if (!walk(child, depth + 1, narrower || isNarrower, wider || isWider)) return false;
    }
    return true;
  };
  walk(root, 0, false, false);
}

/** The children whose segments overlap one segment, each with whether that segment is narrower or wider than the child's. */
function* overlapping<Value>(node: PathNode<Value>, segment: Segment): Generator<[PathNode<Value>, boolean, boolean]> {
  if (segment.kind === "literal") {
    const same = node.literals.get(segment.text);
    if (same !== undefined) yield [same, false, false];
    for (const [verb, child] of node.verbs) if (endsWithVerb(segment.text, verb)) yield [child, true, false];
    if (node.parameter !== undefined) yield [node.parameter, true, false];
  } else if (segment.kind === "verb") {
    for (const [text, child] of node.literals) if (endsWithVerb(text, segment.verb)) yield [child, false, true];
    const same = node.verbs.get(segment.verb);
    if (same !== undefined) yield [same, false, false];
    if (node.parameter !== undefined) yield [node.parameter, true, false];
  } else {
    for (const child of node.literals.values()) yield [child, false, true];
    for (const child of node.verbs.values()) yield [child, false, true];
    if (node.parameter !== undefined) yield [node.parameter, false, false];
  }
}

/** Everything that a `**` at this node covers and is wider than. */
function visitBelow<Value>(node: PathNode<Value>, visit: (value: Value) => boolean): boolean {
  const open = [node];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const rests = next === node ? [] : next.rests;
    if (![...next.ends, ...rests].every((value) => visit(value))) return false;
    open.push(...next.literals.values(), ...next.verbs.values());
    if (next.parameter !== undefined) open.push(next.parameter);
  }
  return true;
}
