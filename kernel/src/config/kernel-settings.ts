import { parseDuration } from "../base/durations.ts";
import type { LogLevel } from "../logging/logger.ts";
import { kernelSchema } from "./kernel-schema.ts";
import type { Tree } from "./layers.ts";

/** Where a server listens; no host means all addresses. */
export interface ListenAddress {
  readonly host: string | undefined;
  readonly port: number;
}

/** Overrides of what the caller's module.yaml says about its calls to one module. Absent: as declared there. */
export interface CallSettings {
  readonly timeoutMs?: number;
  readonly retries?: { readonly attempts?: number; readonly initialMs?: number; readonly maxMs?: number };
  readonly circuitBreaker?: { readonly failureThreshold?: number; readonly recoveryTimeoutMs?: number };
  /** Calls per second of this instance. */
  readonly rateLimit?: number;
}

/** What the kernel itself is told; `kernel-schema.ts` has the rules, defaults and meaning of each key. */
export interface KernelSettings {
  readonly log: {
    /** Of this module: its own from `log.levels`, or `log.level`. */
    readonly level: LogLevel;
    readonly format: "json" | "readable";
    readonly samplePerSecond: number;
  };
  readonly server: {
    readonly http: {
      readonly addr: ListenAddress | undefined;
      readonly bodyLimitBytes: number;
      readonly requestTimeoutMs: number;
      readonly keepAliveTimeoutMs: number;
    };
    readonly grpc: { readonly addr: ListenAddress | undefined; readonly messageLimitBytes: number; readonly connectionAgeMs: number };
    readonly drainTimeoutMs: number;
  };
  readonly calls: Readonly<Record<string, CallSettings>>;
  readonly database: {
    readonly url: string | undefined;
    readonly pool: {
      readonly max: number;
      readonly min: number;
      readonly lifetimeMs: number;
      readonly idleMs: number;
      readonly acquireTimeoutMs: number;
    };
    readonly statementTimeoutMs: number;
    readonly slowQueryMs: number;
  };
  readonly housekeeping: { readonly everyMs: number; readonly keepSagasMs: number };
  readonly telemetry: { readonly tracing: { readonly exporter: "none" | "stdout"; readonly ratio: number } };
}

/** The merged tree after its check against `kernelSchema`: with every default in place. */
interface CheckedTree {
  log: { level: LogLevel; levels?: Record<string, LogLevel>; format: "auto" | "json" | "readable"; samplePerSecond: number };
  server: {
    http: { addr?: string; bodyLimitBytes: number; requestTimeout: string; keepAliveTimeout: string };
    grpc: { addr?: string; messageLimitBytes: number; connectionAge: string };
    drainTimeout: string;
  };
  calls?: Record<string, CheckedCall>;
  database: {
    url?: string;
    pool: { max: number; min: number; lifetime: string; idle: string; acquireTimeout: string };
    statementTimeout: string;
    slowQuery: string;
  };
  housekeeping: { every: string; sagas: string };
  telemetry: { tracing: { exporter: "none" | "stdout"; ratio?: number } };
}

interface CheckedCall {
  timeout?: string;
  retries?: { attempts?: number; initial?: string; max?: string };
  circuitBreaker?: { failureThreshold?: number; recoveryTimeout?: string };
  rateLimit?: number;
}

const PRODUCTION_TRACE_RATIO = 0.01;

/** The first names of all kernel settings; a module's own configuration may not use them. */
export const KERNEL_KEYS: ReadonlySet<string> = new Set(Object.keys(kernelSchema.properties ?? {}));

/** Turns the checked tree into typed settings. `environment` decides what is left to it: log format and trace ratio. */
export function kernelSettings(module: string, environment: string, checked: Tree): KernelSettings {
  const { log, server, calls, database, housekeeping, telemetry } = checked as unknown as CheckedTree;
  const production = environment === "production";
  return {
    log: {
      level: log.levels?.[module] ?? log.level,
      format: log.format === "auto" ? (production ? "json" : "readable") : log.format,
      samplePerSecond: log.samplePerSecond,
    },
    server: {
      http: {
        addr: listenAddress(server.http.addr),
        bodyLimitBytes: server.http.bodyLimitBytes,
        requestTimeoutMs: parseDuration(server.http.requestTimeout),
        keepAliveTimeoutMs: parseDuration(server.http.keepAliveTimeout),
      },
      grpc: {
        addr: listenAddress(server.grpc.addr),
        messageLimitBytes: server.grpc.messageLimitBytes,
        connectionAgeMs: parseDuration(server.grpc.connectionAge),
      },
      drainTimeoutMs: parseDuration(server.drainTimeout),
    },
    calls: Object.fromEntries(Object.entries(calls ?? {}).map(([callee, call]) => [callee, callSettings(call)])),
    database: {
      url: database.url,
      pool: {
        max: database.pool.max,
        min: database.pool.min,
        lifetimeMs: parseDuration(database.pool.lifetime),
        idleMs: parseDuration(database.pool.idle),
        acquireTimeoutMs: parseDuration(database.pool.acquireTimeout),
      },
      statementTimeoutMs: parseDuration(database.statementTimeout),
      slowQueryMs: parseDuration(database.slowQuery),
    },
    housekeeping: { everyMs: parseDuration(housekeeping.every), keepSagasMs: parseDuration(housekeeping.sagas) },
    telemetry: {
      tracing: { exporter: telemetry.tracing.exporter, ratio: telemetry.tracing.ratio ?? (production ? PRODUCTION_TRACE_RATIO : 1) },
    },
  };
}

function callSettings(call: CheckedCall): CallSettings {
  const { retries, circuitBreaker } = call;
  return {
    ...(call.timeout !== undefined && { timeoutMs: parseDuration(call.timeout) }),
    ...(retries !== undefined && {
      retries: {
        ...(retries.attempts !== undefined && { attempts: retries.attempts }),
        ...(retries.initial !== undefined && { initialMs: parseDuration(retries.initial) }),
        ...(retries.max !== undefined && { maxMs: parseDuration(retries.max) }),
      },
    }),
    ...(circuitBreaker !== undefined && {
      circuitBreaker: {
        ...(circuitBreaker.failureThreshold !== undefined && { failureThreshold: circuitBreaker.failureThreshold }),
        ...(circuitBreaker.recoveryTimeout !== undefined && { recoveryTimeoutMs: parseDuration(circuitBreaker.recoveryTimeout) }),
      },
    }),
    ...(call.rateLimit !== undefined && { rateLimit: call.rateLimit }),
  };
}

/** `127.0.0.1:8002`, `[::1]:8002`, `:8002` or `8002`. */
function listenAddress(text: string | undefined): ListenAddress | undefined {
  if (text === undefined) return undefined;
  const separator = text.lastIndexOf(":");
  const host = text.slice(0, Math.max(0, separator)).replace(/^\[(.*)\]$/, "$1");
  return { host: host === "" ? undefined : host, port: Number(text.slice(separator + 1)) };
}
