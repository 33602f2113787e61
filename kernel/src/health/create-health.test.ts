import { tmpdir } from "node:os";
import { describe, expect, test } from "@jest/globals";
import { createManualClock } from "../base/clock.ts";
import { createHealth } from "./create-health.ts";
import { diskCheck, eventLoopCheck, memoryCheck } from "./process-checks.ts";

function aHealth() {
  const clock = createManualClock(Date.UTC(2026, 0, 1));
  const health = createHealth({ clock });
  health.setReady(true);
  return { clock, health };
}

function fail(message: string): () => never {
  return () => {
    throw new Error(message);
  };
}

describe("health", () => {
  test("without checks it is ready when it is told so, and alive always", async () => {
    const health = createHealth();
    expect([health.alive(), await health.ready(), (await health.report()).status]).toEqual([true, false, "unavailable"]);
    health.setReady(true);
    expect([await health.ready(), (await health.report()).status]).toEqual([true, "ok"]);
    health.setReady(false);
    expect([health.alive(), await health.ready()]).toEqual([true, false]);
  });

  test("a soft check that fails degrades, a hard one makes unavailable", async () => {
    const { health } = aHealth();
    health.addCheck("database", { hard: true, check: () => undefined });
    const remove = health.addCheck("redis", { hard: false, check: fail("connect to redis://:hunter2@cache refused") });
    expect(await health.report()).toEqual({
      status: "degraded",
      checks: {
        database: { status: "ok", hard: true, latencyMs: 0 },
        redis: {
          status: "failed",
          hard: false,
          latencyMs: 0,
          lastError: { message: "connect to redis://:[redacted]@cache refused", at: "2026-01-01T00:00:00.000Z" },
        },
      },
    });
    expect(await health.ready()).toBe(true);
    remove();
    health.addCheck("bus", { hard: true, check: fail("away") });
    expect([(await health.report()).status, await health.ready()]).toEqual(["unavailable", false]);
  });

  test("answers count for their interval, and many who ask at once share one run", async () => {
    const { health, clock } = aHealth();
    let runs = 0;
    health.addCheck("database", {
      hard: true,
      intervalMs: 1000,
      async check() {
        runs++;
        if (runs === 1) throw new Error("not yet");
      },
    });
    await Promise.all([health.report(), health.report(), health.ready()]);
    clock.advance(999);
    expect((await health.report()).status).toBe("unavailable");
    expect(runs).toBe(1);
    clock.advance(1);
    const report = await health.report();
    expect([runs, report.status]).toEqual([2, "ok"]);
    expect(report.checks.database).toMatchObject({ status: "ok", lastError: { message: "not yet" } });
  });

  test("a check that does not answer is aborted and fails, though it ignores the signal", async () => {
    const { health, clock } = aHealth();
    let entered: (signal: AbortSignal) => void = () => undefined;
    const running = new Promise<AbortSignal>((resolve) => {
      entered = resolve;
    });
    health.addCheck("slow", {
      hard: true,
      timeoutMs: 200,
      check(signal) {
        entered(signal);
        return new Promise<void>(() => undefined);
      },
    });
    const report = health.report();
    const signal = await running;
    clock.advance(200);
    expect((await report).checks.slow).toMatchObject({
      status: "failed",
      latencyMs: 200,
      lastError: { message: "no answer within 200 ms" },
    });
    expect(signal.aborted).toBe(true);
    expect(clock.waiting).toBe(0);
  });

  test("two checks of one name are a mistake", () => {
    const { health } = aHealth();
    health.addCheck("database", { hard: true, check: () => undefined });
    expect(() => health.addCheck("database", { hard: true, check: () => undefined })).toThrow('a health check "database" already');
  });
});

describe("checks of the process", () => {
  const signal = new AbortController().signal;

  test("are well with room to spare, and say what is short", async () => {
    await diskCheck({ folder: tmpdir(), minFreeBytes: 1 }).check(signal);
    await expect(diskCheck({ folder: tmpdir(), minFreeBytes: Number.MAX_SAFE_INTEGER }).check(signal)).rejects.toThrow("MB are free");
    memoryCheck({ maxRatio: 1 }).check(signal);
    expect(() => memoryCheck({ maxRatio: 0 }).check(signal)).toThrow("the heap holds");
    eventLoopCheck({ maxMs: 60_000 }).check(signal);
  });

  test("the event loop is late while it is blocked again and again", async () => {
    const { check } = eventLoopCheck({ maxMs: 100 });
    let failure: unknown;
    while (failure === undefined) {
      const until = performance.now() + 150;
      while (performance.now() < until);
      await new Promise((resolve) => setTimeout(resolve, 0));
      try {
        check(signal);
      } catch (error) {
        failure = error;
      }
    }
    expect(String(failure)).toMatch(/the event loop is \d+ ms late, more than 100 ms/);
  });
});
