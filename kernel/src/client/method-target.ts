import { create, type DescMethod, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import type { Clock } from "../base/clock.ts";
import { type ErrorCode, internal } from "../base/errors.ts";
import type { ServiceIdentity } from "../identity/identity.ts";
import type { Bulkhead } from "../resilience/bulkhead.ts";
import { type CircuitBreaker, createCircuitBreaker } from "../resilience/circuit-breaker.ts";
import type { RateLimiter } from "../resilience/rate-limiter.ts";
import type { RetryBudget } from "../resilience/retry-budget.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { SpanAttributes, Tracing } from "../telemetry/tracing.ts";
import type { CallerName } from "./call-metadata.ts";
import type { CallPolicy } from "./call-policy.ts";
import type { InstancePool } from "./instance-pool.ts";

/** What all calls of this process to one module share. */
export interface Callee {
  readonly name: string;
  readonly caller: CallerName;
  readonly pool: InstancePool;
  readonly identity: ServiceIdentity;
  readonly budget: RetryBudget;
  readonly bulkhead: Bulkhead;
  readonly clock: Clock;
  readonly random: () => number;
  readonly metrics: Metrics | undefined;
  readonly tracing: Tracing | undefined;
  /** Undefined where there is no limit. Changes with the policy. */
  limiter: RateLimiter | undefined;
  policy: CallPolicy;
  /** Full names of the methods that may be called. */
  declared: ReadonlySet<string>;
}

/** One method of one callee, with all that can be known before its first call. */
export interface MethodTarget {
  readonly callee: Callee;
  readonly method: DescMethod;
  /** `plinth.blog.v1.BlogService/GetPost`. */
  readonly name: string;
  /** `name` with a slash in front, as it stands in the request. */
  readonly path: string;
  /** The method may be called twice without harm. */
  readonly repeatable: boolean;
  readonly breaker: CircuitBreaker;
  readonly spanAttributes: SpanAttributes;
  /** Throws INTERNAL_ERROR for a value that does not fit the message. */
  encode(request: MessageInitShape<DescMethod["input"]>): Buffer;
  record(code: "OK" | ErrorCode, seconds: number): void;
  retried(): void;
}

const BREAKER_LEVEL = { closed: 0, "half-open": 1, open: 2 } as const;

export function createMethodTarget(callee: Callee, method: DescMethod): MethodTarget {
  const name = `${method.parent.typeName}/${method.name}`;
  const { metrics } = callee;
  const state = metrics?.breakerState.with(callee.name, name);
  const retries = metrics?.rpcClientRetries.with(callee.name, name);
  const recorders = new Map<string, { observe(seconds: number): void }>();
  return {
    callee,
    method,
    name,
    path: `/${name}`,
    repeatable: method.idempotency === IdempotencyLevel.NO_SIDE_EFFECTS || method.idempotency === IdempotencyLevel.IDEMPOTENT,
    breaker: createCircuitBreaker({
      settings: callee.policy.breaker,
      clock: callee.clock,
      onStateChange: (next) => state?.set(BREAKER_LEVEL[next]),
    }),
    spanAttributes: { "rpc.system": "grpc", "rpc.service": method.parent.typeName, "rpc.method": method.name, "peer.service": callee.name },
    encode(request) {
      try {
        const bytes = toBinary(method.input, create(method.input, request));
        return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      } catch (cause) {
        throw internal(`The request of ${name} is no ${method.input.typeName}.`, { cause });
      }
    },
    record(code, seconds) {
      if (metrics === undefined) return;
      let recorder = recorders.get(code);
      if (recorder === undefined) {
        recorder = metrics.rpcClient.with(callee.name, name, code);
        recorders.set(code, recorder);
      }
      recorder.observe(seconds);
    },
    retried: () => retries?.inc(),
  };
}
