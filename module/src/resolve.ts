import { type Candidate, type CandidateSet, collectCandidates, compareTexts, isRejected } from "./candidates.ts";
import { type Finding, type Locate, toProblem } from "./finding.ts";
import { stronglyConnected, waves } from "./graph.ts";
import type { Problem } from "./problem.ts";
import { checkClaims } from "./rules/claims.ts";
import { checkDependencies, checkWaiting } from "./rules/dependencies.ts";
import { checkDowngrade, checkReservedSecrets, checkSecrets, type HasSecret, type IsReservedSecret } from "./rules/environment.ts";
import { checkOwnRules } from "./rules/own-rules.ts";
import { checkSharedNames, type RpcMethods } from "./rules/shared-names.ts";
import type { Module } from "./schema/module.ts";

/** What is known beside the modules themselves. What is left out is not checked. */
export interface ResolveOptions {
  /** What `parseModules` found: broken modules are there, so that their dependents wait instead of missing them. */
  drafts?: readonly Module[];
  problems?: readonly Problem[];
  locate?: Locate;
  /** All modules share one host, so no two may have the same port. */
  local?: boolean;
  /** Versions that serve now, by module. */
  running?: ReadonlyMap<string, string>;
  /** Whether a module is up; dependents of one that is not wait. */
  isReady?: (module: string) => boolean;
  rpcMethods?: RpcMethods;
  hasSecret?: HasSecret;
  isReservedSecret?: IsReservedSecret;
}

/** Problems of one module. */
export interface ModuleProblems {
  /** The module's name; empty for what has none. */
  module: string;
  problems: Problem[];
}

/** What can start, in which order, and what cannot, and why. */
export interface Resolution {
  /** The modules that can start, dependencies first: the waves, one after the other. */
  order: Module[];
  /** All modules of a wave can start together, once the waves before it are up. By name within a wave. */
  waves: Module[][];
  /** Something is wrong with these, by name. */
  rejected: ModuleProblems[];
  /** Nothing is wrong with these, but a module that they need is not up. They go on by themselves once it is. By name. */
  waiting: ModuleProblems[];
  warnings: Problem[];
}

/**
 * Decides over a set of modules (one namespace, or one folder) as a whole. A rejected module takes nothing away from others; only what depends on it
 * waits. The result does not depend on the order of the input.
 */
export function resolve(modules: Iterable<Module>, options: ResolveOptions = {}): Resolution {
  const { drafts = [], problems: known = [], locate, running = new Map<string, string>() } = options;
  const set = collectCandidates(
    modules,
    drafts,
    running,
    known.map((problem) => problem.module),
  );
  refuseDuplicates(set);
  for (const candidate of [...set.list, ...set.duplicates]) {
    const report = (finding: Finding): number => candidate.findings.push(finding);
    checkOwnRules(candidate.module, report);
    if (options.isReservedSecret !== undefined) checkReservedSecrets(candidate.module, options.isReservedSecret, report);
    if (options.hasSecret !== undefined) checkSecrets(candidate.module, options.hasSecret, report);
    if (!candidate.isDraft) checkDowngrade(candidate.module, running.get(candidate.name), report);
  }
  checkDependencies(set);
  checkSharedNames(set, options.rpcMethods ?? (() => undefined));
  checkClaims(set, options.local === true);
  checkWaiting(set, running, options.isReady ?? (() => true));

  const everyone = [...set.list, ...set.duplicates];
  const toProblems = (candidate: Candidate, findings: readonly Finding[]): Problem[] =>
    findings.map((finding) => toProblem(candidate.name, finding, locate?.(candidate.module, finding.path)));
  const startable = set.list.filter((candidate) => !isRejected(candidate) && candidate.waitsFor.length === 0);
  const ordered = orderByWaves(startable);
  return {
    order: ordered.flat(),
    waves: ordered,
    rejected: groupByModule([...known, ...everyone.flatMap((candidate) => toProblems(candidate, candidate.findings))]),
    waiting: groupByModule(set.list.flatMap((candidate) => (isRejected(candidate) ? [] : toProblems(candidate, candidate.waitsFor)))),
    warnings: groupByModule(everyone.flatMap((candidate) => toProblems(candidate, candidate.warnings))).flatMap((group) => group.problems),
  };
}

function refuseDuplicates(set: CandidateSet): void {
  for (const duplicate of set.duplicates) {
    duplicate.findings.push({
      reason: "NameTaken",
      path: ["metadata", "name"],
      value: duplicate.name,
      message: `another module is named ${duplicate.name} already`,
      mend: "choose a name that no other module has",
    });
  }
}

/** Optional dependencies come first where they can: those that would close a circle are left aside. */
function orderByWaves(candidates: readonly Candidate[]): Module[][] {
  const byName = [...candidates].sort((a, b) => compareTexts(a.name, b.name));
  const position = new Map(byName.map((candidate, index) => [candidate.name, index]));
  const required: number[][] = byName.map(() => []);
  const all: number[][] = byName.map(() => []);
  for (const [node, { module }] of byName.entries()) {
    for (const dependency of module.spec.dependencies ?? []) {
      const target = position.get(dependency.module);
      if (target === undefined || target === node) continue;
      all[node]?.push(target);
      if (dependency.optional !== true) required[node]?.push(target);
    }
  }
  const component = stronglyConnected(all);
  const edges = all.map((targets, node) => [
    ...targets.filter((target) => component[target] !== component[node]),
    ...(required[node] ?? []).filter((target) => component[target] === component[node]),
  ]);
  return waves(edges).map((wave) => wave.flatMap((node) => byName[node]?.module ?? []));
}

function groupByModule(problems: readonly Problem[]): ModuleProblems[] {
  const groups = new Map<string, Problem[]>();
  for (const problem of problems) {
    const group = groups.get(problem.module);
    if (group === undefined) groups.set(problem.module, [problem]);
    else group.push(problem);
  }
  return [...groups].map(([module, list]) => ({ module, problems: list })).sort((a, b) => compareTexts(a.module, b.module));
}
