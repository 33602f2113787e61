import { Client, type ClientConfig } from "pg";
import { currentContext, type RequestContext } from "../base/request-context.ts";
import type { Logger } from "../logging/logger.ts";
import { isStalePlan } from "./database-errors.ts";
import type { StatementNames } from "./statement-names.ts";

/** Where the database reports what it does; labels stay few. */
export interface DatabaseMetrics {
  query(seconds: number, outcome: "ok" | "error"): void;
  transaction(seconds: number, outcome: "commit" | "rollback" | "retry"): void;
  /** Of what was asked of `remember`, so much was there, or not. */
  remembered(result: "hit" | "miss", times: number): void;
}

export interface QueryObserverOptions {
  readonly logger: Logger;
  readonly metrics: DatabaseMetrics | undefined;
  readonly slowQueryMs: number;
  /** Warn when one request sends the same statement again and again: one query in a loop where one for all would do. */
  readonly detectRepeatedQueries: boolean;
  readonly names: StatementNames;
}

/** From this many equal statements in one request on it is no longer chance. */
const REPEATED = 10;

type Query = (...parts: unknown[]) => Promise<unknown>;

/**
 * A pg client class for a pool whose statements are kept parsed by each connection, timed, and logged when slow: their text only, never their values.
 */
export function observedClient(options: QueryObserverOptions): typeof Client {
  const { names } = options;
  const countRepeated = options.detectRepeatedQueries ? repeatedQueryDetector(options.logger) : undefined;
  const finished = (text: string, startedAt: number, outcome: "ok" | "error"): void => {
    const milliseconds = performance.now() - startedAt;
    options.metrics?.query(milliseconds / 1000, outcome);
    if (milliseconds >= options.slowQueryMs) options.logger.warn("Slow query", { sql: text, milliseconds: Math.round(milliseconds) });
  };
  return class ObservedClient extends Client {
    constructor(config?: string | ClientConfig) {
      super(config);
      const query: Query = this.query.bind(this) as Query;
      const observed: Query = (...parts) => {
        const [text, values] = parts;
        // Streams, and calls with a callback, come from the pool itself and answer no promise.
        if (typeof text !== "string" || typeof parts.at(-1) === "function") return query(...parts);
        countRepeated?.(text);
        const startedAt = performance.now();
        // Without values there may be several statements in the text, which cannot be kept.
        const name = Array.isArray(values) && values.length > 0 ? names.nameOf(text) : undefined;
        const result = name === undefined ? query(...parts) : query({ name, text, values });
        result.then(
          () => finished(text, startedAt, "ok"),
          (error: unknown) => {
            if (isStalePlan(error)) names.renew();
            finished(text, startedAt, "error");
          },
        );
        return result;
      };
      this.query = observed as typeof this.query;
    }
  };
}

function repeatedQueryDetector(logger: Logger): (text: string) => void {
  const countsOf = new WeakMap<RequestContext, Map<string, number>>();
  return (text) => {
    const context = currentContext();
    if (context === undefined || /^(begin|commit|rollback)/.test(text)) return;
    const counts = countsOf.get(context) ?? new Map<string, number>();
    countsOf.set(context, counts);
    const count = (counts.get(text) ?? 0) + 1;
    counts.set(text, count);
    if (count === REPEATED + 1) logger.warn("The same query ran many times in one request; load the rows together", { sql: text, count });
  };
}
