import type { Problem } from "@plinth/module";

/** What the set of all modules says of one of them. */
export interface Verdict {
  /** Something is wrong with it: its spec is not taken. */
  readonly refused: readonly Problem[];
  /** Nothing is wrong with it, but what it needs is not up. */
  readonly waiting: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** Names of modules that cannot do without it, in order. */
  readonly requiredBy: readonly string[];
}

/** A dependency as the status shows it. */
export interface DependencyState {
  readonly module: string;
  readonly required?: string;
  /** The version that serves now. */
  readonly resolved?: string;
  readonly phase?: string;
}

/** The reasons that are about other modules; all others are about the module itself. */
const ABOUT_DEPENDENCIES: ReadonlySet<string> = new Set([
  "DependencyMissing",
  "DependencyVersion",
  "DependencyCycle",
  "DependencyNotRunning",
]);

/** Whether a problem is with what a module depends on. */
export function isAboutDependencies({ reason }: Problem): boolean {
  return ABOUT_DEPENDENCIES.has(reason);
}

/** A problem on one line: module, field, value, what is wrong, what to do. */
export function describeProblem({ module, path, value, message, mend }: Problem): string {
  return `module ${module}, ${path === "" ? "as a whole" : path} (${value}): ${message}; ${mend}`;
}

/** The texts of several problems, one a line. */
export function describeProblems(problems: readonly Problem[]): string {
  return problems.map(describeProblem).join("\n");
}
