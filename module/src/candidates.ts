import type { Finding } from "./finding.ts";
import type { Module } from "./schema/module.ts";

/** A module on its way through `resolve`. */
export interface Candidate {
  module: Module;
  name: string;
  /** Known only in part: always rejected, but there. */
  isDraft: boolean;
  /** What is wrong with it; one finding and it is rejected. */
  findings: Finding[];
  /** Why it waits, though nothing is wrong with it. */
  waitsFor: Finding[];
  warnings: Finding[];
}

export const isRejected = (candidate: Candidate): boolean => candidate.isDraft || candidate.findings.length > 0;

/** All modules that are looked at together, one a name. */
export interface CandidateSet {
  /** In the order in which they may claim what only one can have. */
  list: readonly Candidate[];
  byName: ReadonlyMap<string, Candidate>;
  /** Those whose name was claimed before. */
  duplicates: readonly Candidate[];
  /** Names of modules that are there but could not be read at all. */
  unreadable: ReadonlySet<string>;
}

/** Whether something may belong to a module that could not be read in full, so that nobody can say that it is missing. */
export function mayBeUnread(set: CandidateSet, module: string): boolean {
  return set.unreadable.has(module) || set.byName.get(module)?.isDraft === true;
}

/**
 * Orders modules by who has the better claim to a name, a port, a route or a topic: what is running before what is not, then the older resource,
 * then the name. So the result never depends on the order of the input, and a newcomer never displaces what runs.
 */
export function collectCandidates(
  modules: Iterable<Module>,
  drafts: Iterable<Module>,
  running: ReadonlyMap<string, string>,
  brokenNames: Iterable<string>,
): CandidateSet {
  const all: Candidate[] = [];
  const add = (module: Module, isDraft: boolean): void => {
    all.push({ module, name: module.metadata.name, isDraft, findings: [], waitsFor: [], warnings: [] });
  };
  for (const module of modules) add(module, false);
  for (const draft of drafts) add(draft, true);
  const key = new Map(all.map((candidate) => [candidate, precedence(candidate, running)]));
  all.sort((a, b) => compareTexts(key.get(a) ?? "", key.get(b) ?? ""));

  const list: Candidate[] = [];
  const duplicates: Candidate[] = [];
  const byName = new Map<string, Candidate>();
  for (const candidate of all) {
    if (byName.has(candidate.name)) {
      duplicates.push(candidate);
    } else {
      byName.set(candidate.name, candidate);
      list.push(candidate);
    }
  }
  const unreadable = new Set([...brokenNames].filter((name) => name !== "" && !byName.has(name)));
  return { list, byName, duplicates, unreadable };
}

function precedence({ module, name, isDraft }: Candidate, running: ReadonlyMap<string, string>): string {
  const { creationTimestamp } = module.metadata;
  // Texts of equal length before the next part, so that they compare part by part; U+FFFF stands for "no age": after every age.
  return [running.has(name) ? "0" : "1", isDraft ? "1" : "0", creationTimestamp ?? "\uffff", name, module.spec.version].join("\u0000");
}

/** Orders by code units: the same everywhere, whatever the language of the machine. */
export function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
