import { type Clock, systemClock } from "../base/clock.ts";
import { PlinthError } from "../base/errors.ts";
import { currentContext } from "../base/request-context.ts";
import type { LogFields, Logger } from "../logging/logger.ts";
import type { Metrics } from "./metrics.ts";

/** An error on its way to the sinks. */
export interface ErrorReport {
  readonly error: Error;
  readonly fields: LogFields;
  /** 1, or how many more times the same error came while it was held back. */
  readonly count: number;
  /** Epoch milliseconds of the first. */
  readonly at: number;
}

/** Where reports go. A sink that fails loses its report and hinders no other. */
export interface ErrorSink {
  accept(report: ErrorReport): void | Promise<void>;
}

export interface ErrorBusOptions {
  readonly sinks: readonly ErrorSink[];
  readonly metrics?: Pick<Metrics, "errors">;
  /** Reports that wait for the sinks; further ones are only counted. Default 256. */
  readonly capacity?: number;
  /** The same error within this time is counted instead of sent. Default 10 s. */
  readonly repeatWindowMs?: number;
  readonly clock?: Clock;
}

/** Takes errors that nobody else answers for. Never blocks, never throws, never grows without bound. */
export interface ErrorBus {
  /** Anything thrown may be given. The ids of the current request are added. */
  report(thrown: unknown, fields?: LogFields): void;
  /** Resolves when all that was reported has reached the sinks, with what is held back as repeated. */
  flush(): Promise<void>;
}

interface Repeated {
  readonly first: ErrorReport;
  count: number;
}

export function createErrorBus(options: ErrorBusOptions): ErrorBus {
  const { sinks, metrics, capacity = 256, repeatWindowMs = 10_000, clock = systemClock } = options;
  let queue: ErrorReport[] = [];
  let dropped = 0;
  const repeats = new Map<string, Repeated>();
  let draining: Promise<void> | undefined;

  function enqueue(report: ErrorReport): void {
    if (queue.length >= capacity) {
      dropped++;
      return;
    }
    queue.push(report);
    draining ??= new Promise<void>((resolve) => setImmediate(resolve)).then(drain);
  }

  async function drain(): Promise<void> {
    while (queue.length > 0) {
      const batch = queue;
      queue = [];
      if (dropped > 0) {
        batch.push({ error: new Error("Error reports were dropped: too many at once."), fields: {}, count: dropped, at: clock.now() });
        dropped = 0;
      }
      await Promise.allSettled(batch.flatMap((report) => sinks.map(async (sink) => sink.accept(report))));
    }
    draining = undefined;
  }

  function release(key: string): void {
    const held = repeats.get(key);
    repeats.delete(key);
    if (held !== undefined && held.count > 0) enqueue({ ...held.first, count: held.count });
  }

  return {
    report(thrown, fields) {
      const error = thrown instanceof Error ? thrown : new Error(`Something that is no error was thrown: ${String(thrown)}`);
      metrics?.errors.with(error instanceof PlinthError ? error.reason : "INTERNAL_ERROR").inc();
      const key = fingerprint(error);
      const held = repeats.get(key);
      if (held !== undefined) {
        held.count++;
        return;
      }
      const report: ErrorReport = { error, fields: { ...requestFields(), ...fields }, count: 1, at: clock.now() };
      if (repeats.size < capacity) {
        repeats.set(key, { first: report, count: 0 });
        clock.after(repeatWindowMs, () => release(key));
      }
      enqueue(report);
    },
    async flush() {
      for (const key of [...repeats.keys()]) release(key);
      while (draining !== undefined) await draining;
    },
  };
}

/** Writes reports as log lines. */
export function loggerSink(logger: Logger): ErrorSink {
  return {
    accept({ error, fields, count }) {
      logger.error("unexpected error", { ...fields, error, ...(count > 1 && { count }) });
    },
  };
}

/** Enough frames to tell two callers of one failing function apart. */
const FRAMES = 4;

/** The same kind of error from the same place is the same error, whatever ids its message carries. */
function fingerprint(error: Error): string {
  const frames = error.stack?.split("\n").filter((line) => line.trimStart().startsWith("at ")) ?? [];
  const place = frames.length === 0 ? error.message : frames.slice(0, FRAMES).join("|");
  return `${error.name}|${error instanceof PlinthError ? error.reason : ""}|${place}`;
}

function requestFields(): LogFields {
  const context = currentContext();
  if (context === undefined) return {};
  return { request_id: context.requestId, ...(context.traceId !== "" && { trace_id: context.traceId }), tenant_id: context.tenantId };
}
