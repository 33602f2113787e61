import { type Clock, systemClock } from "../base/clock.ts";
import { scrubText } from "../base/sensitive.ts";
import type { CheckReport, Health, HealthCheck, HealthReport } from "./health.ts";

const DEFAULT_TIMEOUT_MS = 3000;
const DEFAULT_INTERVAL_MS = 5000;

/** A check with its last answer. However many ask, it runs once at a time and not again before its interval is over. */
interface Running {
  readonly check: HealthCheck;
  report: CheckReport | undefined;
  /** `clock.elapsed()` of the last answer. */
  answeredAt: number;
  pending: Promise<CheckReport> | undefined;
}

/** Not ready until `setReady(true)`. */
export function createHealth({ clock = systemClock }: { readonly clock?: Clock } = {}): Health {
  const checks = new Map<string, Running>();
  let isReady = false;

  function answerOf(running: Running): Promise<CheckReport> | CheckReport {
    const fresh = clock.elapsed() - running.answeredAt < (running.check.intervalMs ?? DEFAULT_INTERVAL_MS);
    if (running.report !== undefined && fresh) return running.report;
    running.pending ??= run(running).finally(() => {
      running.pending = undefined;
    });
    return running.pending;
  }

  async function run(running: Running): Promise<CheckReport> {
    const { check } = running;
    const startedAt = clock.elapsed();
    const failure = await failureOf(check, clock);
    const latencyMs = Math.round((clock.elapsed() - startedAt) * 10) / 10;
    const lastError = failure === undefined ? running.report?.lastError : { message: failure, at: new Date(clock.now()).toISOString() };
    running.answeredAt = clock.elapsed();
    running.report = {
      status: failure === undefined ? "ok" : "failed",
      hard: check.hard,
      latencyMs,
      ...(lastError !== undefined && { lastError }),
    };
    return running.report;
  }

  async function report(): Promise<HealthReport> {
    const entries = await Promise.all([...checks].map(async ([name, running]) => [name, await answerOf(running)] as const));
    const failed = entries.filter(([, { status }]) => status === "failed");
    const unavailable = !isReady || failed.some(([, { hard }]) => hard);
    return { status: unavailable ? "unavailable" : failed.length > 0 ? "degraded" : "ok", checks: Object.fromEntries(entries) };
  }

  return {
    addCheck(name, check) {
      if (checks.has(name)) throw new Error(`There is a health check "${name}" already.`);
      checks.set(name, { check, report: undefined, answeredAt: 0, pending: undefined });
      return () => checks.delete(name);
    },
    // Whoever can answer is alive; a process that hangs answers nothing.
    alive: () => true,
    ready: async () => isReady && (await report()).status !== "unavailable",
    report,
    setReady(ready) {
      isReady = ready;
    },
  };
}

/** Why the check failed, or undefined. A check that ignores its signal is left behind all the same. */
async function failureOf(check: HealthCheck, clock: Clock): Promise<string | undefined> {
  const controller = new AbortController();
  const limitMs = check.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  let cancel: () => void = () => undefined;
  const late = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(limitMs, () => {
      const error = new Error(`no answer within ${limitMs} ms`);
      controller.abort(error);
      reject(error);
    });
  });
  try {
    await Promise.race([Promise.resolve(controller.signal).then((signal) => check.check(signal)), late]);
    return undefined;
  } catch (error) {
    return scrubText(error instanceof Error ? error.message : String(error));
  } finally {
    cancel();
  }
}
