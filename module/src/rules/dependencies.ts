import semver from "semver";
import { type Candidate, type CandidateSet, isRejected } from "../candidates.ts";
import { didYouMean } from "../did-you-mean.ts";
import { cyclesByNode } from "../graph.ts";
import { parseRange } from "./versions.ts";

/** Answers by version and range: thousands of modules write the same few. */
type AnswerCache = Map<string, boolean>;

/** Comparing a missing name with all others is for people's mistakes; beyond this many modules it would only cost time. */
const MAX_GUESSES = 2000;
/** Nobody reads a longer path, and each of its members would carry it. */
const MAX_SHOWN_CYCLE = 100;

/** Each required dependency is there, in a version within the range, and none leads back. An optional one that is not gives a warning. */
export function checkDependencies(set: CandidateSet): void {
  const answers: AnswerCache = new Map();
  for (const candidate of set.list) {
    for (const [index, dependency] of (candidate.module.spec.dependencies ?? []).entries()) {
      const findings = dependency.optional === true ? candidate.warnings : candidate.findings;
      const found = set.byName.get(dependency.module);
      if (found === undefined && !set.unreadable.has(dependency.module)) {
        const guess =
          set.list.length <= MAX_GUESSES
            ? didYouMean(
                dependency.module,
                set.list.map((other) => other.name),
              )
            : undefined;
        findings.push({
          reason: "DependencyMissing",
          path: ["spec", "dependencies", index, "module"],
          value: dependency.module,
          message: `the module ${dependency.module} is not there`,
          mend: guess === undefined ? `install ${dependency.module}` : `install ${dependency.module}, or did you mean ${guess}?`,
        });
      } else if (found !== undefined && !found.isDraft && !satisfies(found.module.spec.version, dependency.version, answers)) {
        findings.push({
          reason: "DependencyVersion",
          path: ["spec", "dependencies", index, "version"],
          value: dependency.version,
          message: `${dependency.module} is there in version ${found.module.spec.version}, which is outside this range`,
          mend: `install a version of ${dependency.module} within ${dependency.version}, or widen the range`,
        });
      }
    }
  }
  checkCycles(set);
}

function checkCycles(set: CandidateSet): void {
  const position = new Map(set.list.map((candidate, index) => [candidate.name, index]));
  const edges = set.list.map(({ module }) =>
    (module.spec.dependencies ?? []).flatMap((dependency) => {
      const target = dependency.optional === true ? undefined : position.get(dependency.module);
      return target === undefined ? [] : [target];
    }),
  );
  for (const [node, cycle] of cyclesByNode(edges)) {
    const candidate = set.list[node];
    if (candidate === undefined) continue;
    const nameAt = (offset: number): string => set.list[cycle.nodes[(cycle.start + offset) % cycle.nodes.length] ?? 0]?.name ?? "";
    const dependencies = candidate.module.spec.dependencies ?? [];
    const next = dependencies.findIndex((dependency) => dependency.module === nameAt(1));
    // The cycle of a huge knot may be another member's; then the first dependency stands for it.
    const index = nameAt(0) === candidate.name && next !== -1 ? next : 0;
    candidate.findings.push({
      reason: "DependencyCycle",
      path: ["spec", "dependencies", index, "module"],
      value: dependencies[index]?.module,
      message: `the dependencies go in a circle: ${describeCycle(cycle.nodes.length, nameAt)}`,
      mend: "take one of these dependencies away, make it optional, or send an event instead of a call",
    });
  }
}

/** a → b → c → a; of a very long one the beginning. */
function describeCycle(length: number, nameAt: (offset: number) => string): string {
  const shown = Array.from({ length: Math.min(length, MAX_SHOWN_CYCLE) }, (_, offset) => nameAt(offset));
  if (length > shown.length) shown.push(`(${length - shown.length} more)`);
  return [...shown, nameAt(0)].join(" → ");
}

/** Modules that are in order but whose required dependencies are not wait. `list` must not contain cycles among modules that are not rejected. */
export function checkWaiting(set: CandidateSet, running: ReadonlyMap<string, string>, isReady: (module: string) => boolean): void {
  const answers: AnswerCache = new Map();
  const dependents = new Map<string, Candidate[]>();
  const queue: Candidate[] = [];
  const waitsFor = (candidate: Candidate, name: string, why: string): void => {
    const index = (candidate.module.spec.dependencies ?? []).findIndex((dependency) => dependency.module === name);
    const dependency = candidate.module.spec.dependencies?.[index];
    // The last good version of a rejected module keeps serving.
    const version = running.get(name);
    if (version !== undefined && isReady(name) && satisfies(version, dependency?.version, answers)) return;
    const finding = {
      reason: "DependencyNotRunning" as const,
      path: ["spec", "dependencies", index, "module"],
      value: name,
      message: `${name} is there, but ${why}`,
      mend: `see to ${name}; this module then goes on by itself`,
    };
    if (dependency?.optional === true) {
      candidate.warnings.push(finding);
      return;
    }
    if (candidate.waitsFor.length === 0 && !isRejected(candidate)) queue.push(candidate);
    candidate.waitsFor.push(finding);
  };
  for (const candidate of set.list) {
    for (const { module } of candidate.module.spec.dependencies ?? []) {
      const list = dependents.get(module);
      if (list === undefined) dependents.set(module, [candidate]);
      else list.push(candidate);
    }
  }
  for (const name of set.unreadable) for (const dependent of dependents.get(name) ?? []) waitsFor(dependent, name, "it cannot be read");
  for (const candidate of set.list) {
    const why = isRejected(candidate) ? "it is refused itself" : isReady(candidate.name) ? undefined : "it is not running yet";
    if (why !== undefined) for (const dependent of dependents.get(candidate.name) ?? []) waitsFor(dependent, candidate.name, why);
  }
  for (let candidate = queue.pop(); candidate !== undefined; candidate = queue.pop()) {
    // Whoever is not ready was announced above.
    if (!isReady(candidate.name)) continue;
    for (const dependent of dependents.get(candidate.name) ?? []) waitsFor(dependent, candidate.name, "it waits itself");
  }
}

function satisfies(version: string, range: string | undefined, answers: AnswerCache): boolean {
  if (range === undefined) return true;
  const key = `${version} ${range}`;
  const known = answers.get(key);
  if (known !== undefined) return known;
  const parsed = parseRange(range);
  // A range or version that cannot be read is reported where it is written.
  const answer = parsed === undefined || semver.valid(version) === null || parsed.test(version);
  answers.set(key, answer);
  return answer;
}
