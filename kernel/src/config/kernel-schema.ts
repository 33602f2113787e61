import type { Schema } from "./schema-tree.ts";

const LEVELS = ["error", "warn", "info", "debug"];

function group(properties: Record<string, Schema>): Schema {
  return { type: "object", properties, additionalProperties: false };
}

function duration(description: string, fallback?: string): Schema {
  return { type: "string", format: "duration", description, ...(fallback !== undefined && { default: fallback }) };
}

function integer(description: string, minimum: number, maximum: number, fallback?: number): Schema {
  return { type: "integer", minimum, maximum, description, ...(fallback !== undefined && { default: fallback }) };
}

function address(description: string): Schema {
  return { type: "string", pattern: "^((\\[[0-9a-fA-F:.]+\\]|[^\\s:\\[\\]]*):)?\\d{1,5}$", description };
}

const call = group({
  timeout: duration("Time for one call with all its tries."),
  retries: group({
    attempts: integer("Tries in all, the first included.", 1, 10),
    initial: duration("Wait before the second try; it doubles from there, with jitter."),
    max: duration("Longest wait between two tries."),
  }),
  circuitBreaker: group({
    failureThreshold: integer("Failures that open the breaker.", 1, 1000),
    recoveryTimeout: duration("How long it stays open before trial calls."),
  }),
  rateLimit: integer("Calls per second of one instance.", 1, 1_000_000),
});

/** The kernel's settings: every key, its rule, default and meaning. Durations are text such as `250ms`, `2s`, `5m`. */
export const kernelSchema: Schema = group({
  log: group({
    level: { enum: LEVELS, default: "info", description: "Lines below this level are not written." },
    levels: {
      type: "object",
      additionalProperties: { enum: LEVELS },
      description: "Levels of single modules by name; win over log.level.",
    },
    format: { enum: ["auto", "json", "readable"], default: "auto", description: "auto: JSON in production, readable elsewhere." },
    samplePerSecond: integer(
      "Lines with the same message per second; further ones are counted and summed up in one line.",
      1,
      1_000_000,
      100,
    ),
  }),
  server: group({
    http: group({
      addr: address("Where the HTTP server listens: host:port, :port or port. Default: the port in module.yaml."),
      bodyLimitBytes: integer("Largest request body.", 1024, 1_073_741_824, 4_194_304),
      requestTimeout: duration("Time for one request with its body; also the deadline of a request that brings none.", "30s"),
      keepAliveTimeout: duration("How long an idle connection stays open. Longer than the load balancer's, or it hits closed ones.", "65s"),
    }),
    grpc: group({
      addr: address("Where the gRPC server listens. Default: the port in module.yaml."),
      messageLimitBytes: integer("Largest message received.", 1024, 1_073_741_824, 4_194_304),
      connectionAge: duration("A connection older than this is closed gracefully, so that callers spread over new instances.", "30m"),
    }),
    drainTimeout: duration("How long calls in flight may take to finish at a stop.", "30s"),
  }),
  calls: {
    type: "object",
    additionalProperties: call,
    description: "By called module: overrides of timeout, retries, circuitBreaker and rateLimit in module.yaml.",
  },
  database: group({
    url: { type: "string", writeOnly: true, description: "postgres:// URL with user and password of the module's role." },
    pool: group({
      max: integer("Connections at most.", 1, 1000, 25),
      min: integer("Connections kept open when idle.", 0, 1000, 5),
      lifetime: duration("A connection older than this is replaced.", "5m"),
      idle: duration("An idle connection above `min` is closed after this.", "10m"),
      acquireTimeout: duration("How long a query waits for a free connection.", "5s"),
    }),
    statementTimeout: duration("Longest statement; a nearer request deadline wins.", "30s"),
    slowQuery: duration("Queries slower than this are logged.", "200ms"),
  }),
  housekeeping: group({
    every: duration("How often what has expired is removed from the kernel's own tables.", "1h"),
    sagas: duration("How long finished sagas are kept, with their timelines.", "30d"),
  }),
  telemetry: group({
    tracing: group({
      exporter: { enum: ["none", "stdout"], default: "none", description: "Where finished spans go." },
      ratio: {
        type: "number",
        minimum: 0,
        maximum: 1,
        description:
          "Share of new traces that are recorded; traces begun elsewhere follow their beginning. Default: 0.01 in production, 1 elsewhere.",
      },
    }),
  }),
});
