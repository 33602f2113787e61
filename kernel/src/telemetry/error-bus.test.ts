import { EventEmitter } from "node:events";
import { describe, expect, test } from "@jest/globals";
import { createManualClock } from "../base/clock.ts";
import { notFound } from "../base/errors.ts";
import { runInContext } from "../base/request-context.ts";
import type { LogFields, Logger } from "../logging/logger.ts";
import { silentLogger } from "../logging/silent-logger.ts";
import { createErrorBus, type ErrorReport, loggerSink } from "./error-bus.ts";
import { createMetrics } from "./metrics.ts";
import { catchProcessErrors } from "./process-errors.ts";

function aBus(options: { capacity?: number } = {}) {
  const reports: ErrorReport[] = [];
  const clock = createManualClock();
  const bus = createErrorBus({ sinks: [{ accept: (report) => void reports.push(report) }], clock, ...options });
  return { bus, clock, reports };
}

/** Errors of one place in the code. */
function failure(message: string): Error {
  return new Error(message);
}

describe("the error bus", () => {
  test("takes anything, at once, with the ids of the request", async () => {
    const { bus, reports } = aBus();
    const context = { requestId: "req_1", traceId: "abc", module: "blog", tenantId: "acme", signal: new AbortController().signal };
    runInContext(context, () => bus.report(failure("broken"), { job: "expire" }));
    bus.report("a text");
    expect(reports).toEqual([]);
    await bus.flush();
    expect(reports[0]?.fields).toEqual({ request_id: "req_1", trace_id: "abc", tenant_id: "acme", job: "expire" });
    expect(reports[1]?.error.message).toBe("Something that is no error was thrown: a text");
  });

  test("the same error is sent once, and then how often it came", async () => {
    const { bus, clock, reports } = aBus();
    for (let id = 0; id < 50; id++) bus.report(failure(`no row ${id}`));
    bus.report(notFound("another kind"));
    clock.advance(10_000);
    await bus.flush();
    expect(reports.map(({ error, count }) => [error.message, count])).toEqual([
      ["no row 0", 1],
      ["another kind", 1],
      ["no row 0", 49],
    ]);
    bus.report(failure("again"));
    await bus.flush();
    expect(reports).toHaveLength(4);
  });

  test("what is too much is counted, not kept", async () => {
    const { bus, reports } = aBus({ capacity: 2 });
    for (const reason of ["A", "B", "C", "D"]) bus.report(notFound("x", { reason }));
    await bus.flush();
    expect(reports).toHaveLength(3);
    expect(reports[2]).toMatchObject({ count: 2, error: { message: expect.stringContaining("dropped") } });
  });

  test("a sink that fails keeps none of the others from its reports", async () => {
    const lines: Array<[string, LogFields | undefined]> = [];
    const logger: Logger = { ...silentLogger, error: (message, fields) => void lines.push([message, fields]) };
    const metrics = createMetrics({ module: "blog" });
    const failing = {
      accept() {
        throw new Error("sink is broken");
      },
    };
    const bus = createErrorBus({ sinks: [failing, { accept: () => Promise.reject(new Error("too")) }, loggerSink(logger)], metrics });
    bus.report(notFound("x", { reason: "POST_NOT_FOUND" }));
    await bus.flush();
    expect(lines).toEqual([["unexpected error", { error: expect.any(Error) }]]);
    expect(await metrics.text()).toContain('plinth_errors_total{reason="POST_NOT_FOUND",module="blog"} 1');
  });
});

describe("the process's errors", () => {
  test("reach the first bus only; an exception is fatal, a rejection is not", async () => {
    const target = new EventEmitter();
    const first = aBus();
    const second = aBus();
    const fatal: unknown[] = [];
    let died: () => void = () => undefined;
    const death = new Promise<void>((resolve) => {
      died = resolve;
    });
    const stopFirst = catchProcessErrors({
      bus: first.bus,
      target,
      onFatal: (error) => {
        fatal.push(error);
        died();
      },
    });
    const stopSecond = catchProcessErrors({ bus: second.bus, target, onFatal: () => undefined });
    target.emit("unhandledRejection", failure("rejected"));
    await first.bus.flush();
    expect([first.reports.length, fatal.length]).toEqual([1, 0]);
    const error = failure("thrown");
    target.emit("uncaughtException", error);
    await death;
    expect(fatal).toEqual([error]);
    expect(first.reports.at(-1)?.fields).toEqual({ source: "uncaughtException" });
    expect(second.reports).toEqual([]);
    stopFirst();
    target.emit("unhandledRejection", failure("later"));
    await second.bus.flush();
    expect(second.reports).toHaveLength(1);
    stopSecond();
    expect(target.listenerCount("uncaughtException") + target.listenerCount("unhandledRejection")).toBe(0);
  });
});
