import { Registry } from "prom-client";
import { type Distribution, distribution, type Level, level, type Tally, tally } from "./instruments.ts";
import { processMetrics } from "./process-metrics.ts";

/** The standard instruments of a module. Durations are in seconds; codes are `OK` or an `ErrorCode`. */
export interface Metrics {
  /** The module's own registry, for instruments of its own. */
  readonly registry: Registry;
  /** REST and plain HTTP: method, route template, status code. */
  readonly httpServer: Distribution<[method: string, route: string, code: string]>;
  /** Calls served: protocol, `plinth.blog.v1.BlogService/GetPost`, code. */
  readonly rpcServer: Distribution<[protocol: string, method: string, code: string]>;
  /** Calls made, with all their tries. */
  readonly rpcClient: Distribution<[callee: string, method: string, code: string]>;
  readonly rpcClientRetries: Tally<[callee: string, method: string]>;
  /** 0 closed, 1 half open, 2 open. */
  readonly breakerState: Level<[callee: string, method: string]>;
  readonly databaseQuery: Distribution<[outcome: string]>;
  readonly databaseTransaction: Distribution<[outcome: string]>;
  /** State: `total`, `idle` or `waiting`. */
  readonly databasePool: Level<[state: string]>;
  /** Result: `hit`, `stale` or `miss`. */
  readonly cacheRequests: Tally<[cache: string, result: string]>;
  readonly busPublished: Tally<[type: string]>;
  /** Time of the handler: event type, and `ok`, `retry` or `dead`. */
  readonly busConsumed: Distribution<[type: string, outcome: string]>;
  /** From the making of an event to its effect here. */
  readonly busDelay: Distribution<[type: string]>;
  /** Events not handled yet. */
  readonly busLag: Level<[group: string, topic: string]>;
  /** Events written but not sent yet. */
  readonly outboxDepth: Level<[]>;
  /** Jobs done: name, and `ok`, `retry` or `dead`. */
  readonly jobs: Distribution<[job: string, outcome: string]>;
  readonly jobsWaiting: Level<[job: string]>;
  /** Tries of steps: saga, step, and `done`, `skipped`, `refused` or `failed`. */
  readonly sagaSteps: Distribution<[saga: string, step: string, outcome: string]>;
  /** Sagas that ended: saga, and `done` or `turned-back`. */
  readonly sagas: Tally<[saga: string, status: string]>;
  readonly discovery: Distribution<[driver: string]>;
  /** Errors that the error bus was told of, by reason. */
  readonly errors: Tally<[reason: string]>;
  /** Runs `refresh` before each reading, for levels that are only known by asking. The answer takes it back. */
  beforeReading(refresh: () => void | Promise<void>): () => void;
  /** Everything in the text format of Prometheus, with the process's own metrics. */
  text(): Promise<string>;
  /** The media type of `text`. */
  readonly contentType: string;
}

/** Several modules may share a process: each has its own registry, and every line of it says the module. */
export function createMetrics({ module }: { readonly module: string }): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ module });
  const refreshers = new Set<() => void | Promise<void>>();
  return {
    registry,
    httpServer: distribution(registry, {
      name: "plinth_http_server_duration_seconds",
      help: "HTTP requests served.",
      labels: ["method", "route", "code"],
    }),
    rpcServer: distribution(registry, {
      name: "plinth_rpc_server_duration_seconds",
      help: "RPC calls served.",
      labels: ["protocol", "method", "code"],
    }),
    rpcClient: distribution(registry, {
      name: "plinth_rpc_client_duration_seconds",
      help: "RPC calls made, with all their tries.",
      labels: ["callee", "method", "code"],
    }),
    rpcClientRetries: tally(registry, {
      name: "plinth_rpc_client_retries_total",
      help: "Tries after the first.",
      labels: ["callee", "method"],
    }),
    breakerState: level(registry, {
      name: "plinth_breaker_state",
      help: "Circuit breakers: 0 closed, 1 half open, 2 open.",
      labels: ["callee", "method"],
    }),
    databaseQuery: distribution(registry, { name: "plinth_database_query_duration_seconds", help: "SQL statements.", labels: ["outcome"] }),
    databaseTransaction: distribution(registry, {
      name: "plinth_database_transaction_duration_seconds",
      help: "Transactions, by how they ended.",
      labels: ["outcome"],
    }),
    databasePool: level(registry, {
      name: "plinth_database_pool_connections",
      help: "Connections of the pool, and queries waiting for one.",
      labels: ["state"],
    }),
    cacheRequests: tally(registry, { name: "plinth_cache_requests_total", help: "Look-ups in caches.", labels: ["cache", "result"] }),
    busPublished: tally(registry, { name: "plinth_bus_published_total", help: "Events sent to the bus.", labels: ["type"] }),
    busConsumed: distribution(registry, {
      name: "plinth_bus_handling_duration_seconds",
      help: "Events handled.",
      labels: ["type", "outcome"],
    }),
    busDelay: distribution(registry, {
      name: "plinth_bus_delay_seconds",
      help: "From the making of an event to its effect.",
      labels: ["type"],
    }),
    busLag: level(registry, { name: "plinth_bus_lag", help: "Events not handled yet.", labels: ["group", "topic"] }),
    outboxDepth: level(registry, { name: "plinth_outbox_depth", help: "Events written but not sent yet.", labels: [] }),
    jobs: distribution(registry, { name: "plinth_job_duration_seconds", help: "Jobs done.", labels: ["job", "outcome"] }),
    jobsWaiting: level(registry, { name: "plinth_jobs_waiting", help: "Jobs due and not begun.", labels: ["job"] }),
    sagaSteps: distribution(registry, {
      name: "plinth_saga_step_duration_seconds",
      help: "Tries of the steps of sagas.",
      labels: ["saga", "step", "outcome"],
    }),
    sagas: tally(registry, { name: "plinth_sagas_total", help: "Sagas that ended.", labels: ["saga", "status"] }),
    discovery: distribution(registry, {
      name: "plinth_discovery_duration_seconds",
      help: "Questions to the registry.",
      labels: ["driver"],
    }),
    errors: tally(registry, { name: "plinth_errors_total", help: "Errors reported, by reason.", labels: ["reason"] }),
    beforeReading(refresh) {
      refreshers.add(refresh);
      return () => refreshers.delete(refresh);
    },
    async text() {
      // A level that cannot be read keeps its last value; the reading of all others must not fail for it.
      await Promise.allSettled([...refreshers].map(async (refresh) => refresh()));
      return `${await registry.metrics()}\n${await processMetrics().metrics()}`;
    },
    contentType: registry.contentType,
  };
}
