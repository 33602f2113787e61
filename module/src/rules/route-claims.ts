import type { Report } from "../finding.ts";
import { type PathPattern, parsePathPattern } from "../path-pattern.ts";
import { emptyPathNode, insertPath, type PathNode, visitUnclear } from "../path-trie.ts";
import { HTTP_METHODS, type HttpMethod } from "../schema/http-method.ts";
import type { Module } from "../schema/module.ts";

interface RouteClaim {
  module: string;
  path: string;
  methods: readonly HttpMethod[];
}

/** The routes of the modules that were looked at before. */
export type RouteClaims = PathNode<RouteClaim>;

export const emptyRouteClaims = (): RouteClaims => emptyPathNode();

/**
 * For every method and path one route must be the most specific: refused are the same paths twice, and paths that overlap without one of the two
 * being narrower (`/a/{x}/c` and `/a/b/{y}`). Returns what the module claims, to be kept with `keepRouteClaims` if it is accepted.
 */
export function checkRouteClaims(others: RouteClaims, module: Module, report: Report): { pattern: PathPattern; claim: RouteClaim }[] {
  const own = emptyRouteClaims();
  const kept: { pattern: PathPattern; claim: RouteClaim }[] = [];
  for (const [index, route] of (module.spec.routes ?? []).entries()) {
    const pattern = tryPattern(route.path);
    // Reported by the module's own rules.
    if (pattern === undefined) continue;
    const methods = HTTP_METHODS.filter((method) => (route.methods ?? HTTP_METHODS).includes(method));
    const claim = { module: module.metadata.name, path: route.path, methods };
    const rival = findRival(own, pattern, methods) ?? findRival(others, pattern, methods);
    if (rival !== undefined) report(describe(index, claim, rival));
    insertPath(own, pattern, claim);
    kept.push({ pattern, claim });
  }
  return kept;
}

export function keepRouteClaims(claims: RouteClaims, kept: readonly { pattern: PathPattern; claim: RouteClaim }[]): void {
  for (const { pattern, claim } of kept) insertPath(claims, pattern, claim);
}

function findRival(claims: RouteClaims, pattern: PathPattern, methods: readonly HttpMethod[]): RouteClaim | undefined {
  let rival: RouteClaim | undefined;
  visitUnclear(claims, pattern, (claim) => {
    if (claim.methods.some((method) => methods.includes(method))) rival = claim;
    return rival === undefined;
  });
  return rival;
}

function describe(index: number, claim: RouteClaim, rival: RouteClaim): Parameters<Report>[0] {
  const shared = claim.methods.filter((method) => rival.methods.includes(method)).join(", ");
  const owner = rival.module === claim.module ? "this module itself" : `module ${rival.module}`;
  return {
    reason: "RouteConflict",
    path: ["spec", "routes", index, "path"],
    value: claim.path,
    message: `overlaps with ${rival.path} of ${owner} for ${shared}, and neither is the more specific`,
    mend: "give one of them a path or methods of its own",
  };
}

function tryPattern(path: string): PathPattern | undefined {
  try {
    return parsePathPattern(path);
  } catch {
    return undefined;
  }
}
