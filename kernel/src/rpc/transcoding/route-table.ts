import type { PathTemplate } from "./path-template.ts";

/** What a path has led to. `segments` are as they stood in the path, percent signs and all. */
export interface Match<Route> {
  readonly route: Route;
  readonly segments: readonly string[];
}

interface Node<Route> {
  readonly literals: Map<string, Node<Route>>;
  one: Node<Route> | undefined;
  /** Verb, then HTTP method. `ends` for paths that end here, `rests` for those that go on as they like. */
  readonly ends: Map<string, Map<string, Route>>;
  readonly rests: Map<string, Map<string, Route>>;
}

/**
 * Finds routes by path and method: a tree of segments, fixed words before variables, and the longest fixed path wins. A path is looked
 * at once, whatever the number of routes.
 */
export class RouteTable<Route> {
  readonly #root: Node<Route> = emptyNode();

  /** Throws when the same method and shape of path is taken. */
  add(httpMethod: string, template: PathTemplate, route: Route): void {
    let node = this.#root;
    let byVerb = node.ends;
    for (const segment of template.segments) {
      if (segment.kind === "rest") {
        byVerb = node.rests;
        break;
      }
      node = segment.kind === "literal" ? childOf(node, segment.text) : oneOf(node);
      byVerb = node.ends;
    }
    let byMethod = byVerb.get(template.verb);
    if (byMethod === undefined) {
      byMethod = new Map();
      byVerb.set(template.verb, byMethod);
    }
    if (byMethod.has(httpMethod)) throw new Error(`Two methods are mapped to ${httpMethod} on paths that no request can tell apart.`);
    byMethod.set(httpMethod, route);
  }

  /** The route, the methods that the path does have, or undefined for a path unknown. `path` is without its query. */
  find(httpMethod: string, path: string): Match<Route> | { readonly allowed: readonly string[] } | undefined {
    if (path.charCodeAt(0) !== SLASH) return undefined;
    const segments = path.slice(1).split("/");
    const last = segments[segments.length - 1] ?? "";
    const colon = last.lastIndexOf(":");
    let methods: Map<string, Route> | undefined;
    if (colon > 0) {
      const withoutVerb = segments.with(-1, last.slice(0, colon));
      methods = walk(this.#root, withoutVerb, 0, last.slice(colon + 1));
      const route = methods?.get(httpMethod);
      if (route !== undefined) return { route, segments: withoutVerb };
    }
    methods = walk(this.#root, segments, 0, "") ?? methods;
    if (methods === undefined) return undefined;
    const route = methods.get(httpMethod);
    return route === undefined ? { allowed: [...methods.keys()] } : { route, segments };
  }
}

const SLASH = 47;

function emptyNode<Route>(): Node<Route> {
  return { literals: new Map(), one: undefined, ends: new Map(), rests: new Map() };
}

function childOf<Route>(node: Node<Route>, text: string): Node<Route> {
  let child = node.literals.get(text);
  if (child === undefined) {
    child = emptyNode();
    node.literals.set(text, child);
  }
  return child;
}

function oneOf<Route>(node: Node<Route>): Node<Route> {
  node.one ??= emptyNode();
  return node.one;
}

function walk<Route>(node: Node<Route>, segments: readonly string[], at: number, verb: string): Map<string, Route> | undefined {
  const segment = segments[at];
  if (segment === undefined) return node.ends.get(verb);
  const literal = node.literals.get(segment);
  const found = literal === undefined ? undefined : walk(literal, segments, at + 1, verb);
  if (found !== undefined) return found;
  // An empty segment is no value: `/notes/` is not the note with an empty id.
  const one = node.one === undefined || segment === "" ? undefined : walk(node.one, segments, at + 1, verb);
  return one ?? node.rests.get(verb);
}
