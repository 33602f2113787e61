/** One rule that a value breaks. */
export interface ConfigProblem {
  /** Dotted: `database.pool.max`. */
  readonly key: string;
  /** The layer the value comes from. */
  readonly source: string;
  /** What the value must be, and what it is unless it is a secret. */
  readonly rule: string;
}

/** Stops a start: lists every problem with key, source and rule, so that all can be mended at once. */
export class ConfigError extends Error {
  readonly problems: readonly ConfigProblem[];

  constructor(module: string, problems: readonly ConfigProblem[]) {
    super(
      `The configuration of ${module} is refused:\n${problems.map(({ key, source, rule }) => `  ${key} (${source}) ${rule}`).join("\n")}`,
    );
    this.name = "ConfigError";
    this.problems = problems;
  }
}
