import { describe, expect, test } from "@jest/globals";
import type { LogFields, Logger } from "../logging/logger.ts";
import { silentLogger } from "../logging/silent-logger.ts";
import { createLifecycle } from "./lifecycle.ts";

function recorder() {
  const lines: Array<[string, LogFields | undefined]> = [];
  const logger: Logger = { ...silentLogger, error: (message, fields) => void lines.push([message, fields]) };
  return { lines, logger };
}

function traced(names: readonly string[], options: { failing?: string; stopsFirst?: boolean } = {}) {
  const trace: string[] = [];
  const { logger, lines } = recorder();
  const lifecycle = createLifecycle({ logger });
  for (const name of names) {
    lifecycle.onStart(name, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      if (name === options.failing) throw new Error(`${name} broke`);
      trace.push(`+${name}`);
    });
  }
  for (const name of names) lifecycle.onStop(name, () => void trace.push(`-${name}`));
  return { lifecycle, trace, lines };
}

describe("start and stop", () => {
  test("start in order, stop in reverse, each once", async () => {
    const { lifecycle, trace } = traced(["database", "http", "hooks"]);
    await Promise.all([lifecycle.start(), lifecycle.start()]);
    await Promise.all([lifecycle.stop(), lifecycle.stop()]);
    await lifecycle.stop();
    expect(trace).toEqual(["+database", "+http", "+hooks", "-hooks", "-http", "-database"]);
  });

  test("a failed start undoes in reverse what was started, nothing else, and throws its error", async () => {
    const { lifecycle, trace, lines } = traced(["database", "http", "hooks"], { failing: "hooks" });
    await expect(lifecycle.start()).rejects.toThrow("hooks broke");
    expect(trace).toEqual(["+database", "+http", "-http", "-database"]);
    await lifecycle.stop();
    expect(trace).toHaveLength(4);
    expect(lines).toEqual([["start failed", { step: "hooks", error: expect.any(Error) }]]);
  });

  test("what a step gave to undo before it failed is undone, and so is what was there before the start", async () => {
    const trace: string[] = [];
    const lifecycle = createLifecycle({ logger: silentLogger });
    lifecycle.onStop("logging", () => void trace.push("-logging"));
    lifecycle.onStart("servers", () => {
      lifecycle.onStop("servers", () => void trace.push("-http"));
      throw new Error("port taken");
    });
    await expect(lifecycle.start()).rejects.toThrow("port taken");
    expect(trace).toEqual(["-http", "-logging"]);
  });

  test("a step may add steps", async () => {
    const trace: string[] = [];
    const lifecycle = createLifecycle({ logger: silentLogger });
    lifecycle.onStart("setup", () => lifecycle.onStart("warm", () => void trace.push("+warm")));
    await lifecycle.start();
    expect(trace).toEqual(["+warm"]);
  });

  test("a stop while starting lets the step at hand finish, starts no more, and undoes it", async () => {
    const trace: string[] = [];
    const lifecycle = createLifecycle({ logger: silentLogger });
    let finish: () => void = () => undefined;
    let entered: () => void = () => undefined;
    const running = new Promise<void>((resolve) => {
      entered = resolve;
    });
    lifecycle.onStart("one", async () => {
      entered();
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
    });
    lifecycle.onStop("one", () => void trace.push("-one"));
    lifecycle.onStart("two", () => void trace.push("+two"));
    const starting = lifecycle.start();
    await running;
    const stopping = lifecycle.stop();
    finish();
    await expect(starting).rejects.toThrow("Stopped before the start was finished.");
    await stopping;
    expect(trace).toEqual(["-one"]);
  });
});

describe("a stop step", () => {
  test("that fails or hangs is logged, and keeps none of the others from running", async () => {
    const { logger, lines } = recorder();
    const trace: string[] = [];
    const lifecycle = createLifecycle({ logger, stopTimeoutMs: 5 });
    lifecycle.onStop("last", () => void trace.push("last"));
    lifecycle.onStop("hangs", () => new Promise<void>(() => undefined));
    lifecycle.onStop("throws", () => {
      throw new Error("no");
    });
    await lifecycle.stop();
    expect(trace).toEqual(["last"]);
    expect(lines).toEqual([
      ["stop step failed", { step: "throws", error: expect.any(Error) }],
      ["stop step took too long and is left behind", { step: "hangs", limit_ms: 5 }],
    ]);
  });
});
