import { ROOT_CONTEXT, type SpanContext, SpanKind, SpanStatusCode, TraceFlags, trace } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor, SimpleSpanProcessor, type SpanExporter } from "@opentelemetry/sdk-trace-base";
import type { ErrorCode } from "../base/errors.ts";
import type { TraceContext } from "../base/request-context.ts";
import { createStreamExporter } from "./stream-exporter.ts";
import { newUnsampledContext } from "./trace-context.ts";

/** `server`: a call that came in; `client`: one that goes out, also to the database; `producer`, `consumer`: events and jobs. */
export type TraceSpanKind = "server" | "client" | "producer" | "consumer" | "internal";

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** A piece of work in a trace. */
export interface TraceSpan {
  /** What children and calls name as their parent; put it into the request context as `trace`. */
  readonly context: TraceContext;
  /** False where nothing is recorded, so that costly attributes need not be made. */
  readonly recording: boolean;
  setAttribute(key: string, value: string | number | boolean): void;
  end(code: "OK" | ErrorCode): void;
}

export interface Tracing {
  /**
   * Begins a span below `parent`, or a new trace without one. A trace that began elsewhere is recorded if it is recorded there; a new one by the
   * ratio. What is not recorded costs next to nothing, yet has a context to pass on.
   */
  startSpan(kind: TraceSpanKind, name: string, parent: TraceContext | undefined, attributes?: SpanAttributes): TraceSpan;
  /** Changes the share of new traces that are recorded. */
  setRatio(ratio: number): void;
  /** Sends what is finished and not sent. */
  close(): Promise<void>;
}

export interface TracingOptions {
  readonly module: string;
  readonly version: string;
  readonly exporter: "none" | "stdout" | SpanExporter;
  /** Share of new traces that are recorded, 0 to 1. */
  readonly ratio: number;
}

const KINDS: Record<TraceSpanKind, SpanKind> = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
};

/** Failures of ours; the other codes are right answers to wrong questions, and mark no span as failed. */
const FAILURES: ReadonlySet<string> = new Set(["INTERNAL_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT", "DEPENDENCY_FAILED"]);

/**
 * Spans by the OpenTelemetry SDK where a trace is recorded, and plain contexts where it is not. The current span travels in the request context;
 * OpenTelemetry's own context manager would be a second async store on every call. No global provider is set: each module of a process has its own.
 */
export function createTracing({ module, version, exporter, ratio }: TracingOptions): Tracing {
  if (exporter === "none")
    return { startSpan: (_kind, _name, parent) => new Unrecorded(parent ?? newUnsampledContext()), setRatio() {}, close };
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ "service.name": module, "service.version": version }),
    spanProcessors: [
      exporter === "stdout" ? new BatchSpanProcessor(createStreamExporter(process.stdout)) : new SimpleSpanProcessor(exporter),
    ],
  });
  const tracer = provider.getTracer("@plinth/kernel");
  let share = ratio;
  return {
    startSpan(kind, name, parent, attributes) {
      if (parent === undefined ? Math.random() >= share : !parent.sampled) return new Unrecorded(parent ?? newUnsampledContext());
      const below = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remoteContext(parent));
      const span = tracer.startSpan(name, { kind: KINDS[kind], ...(attributes !== undefined && { attributes: { ...attributes } }) }, below);
      const { traceId, spanId } = span.spanContext();
      return {
        context: { traceId, spanId, sampled: true },
        recording: true,
        setAttribute: (key, value) => void span.setAttribute(key, value),
        end(code) {
          if (code !== "OK") span.setAttribute("plinth.code", code);
          if (FAILURES.has(code)) span.setStatus({ code: SpanStatusCode.ERROR, message: code });
          span.end();
        },
      };
    },
    setRatio(next) {
      share = next;
    },
    close: () => provider.shutdown(),
  };
}

/** Passes a context on and records nothing; one small object and no closures, for it is made on every call. */
class Unrecorded implements TraceSpan {
  readonly context: TraceContext;

  constructor(context: TraceContext) {
    this.context = context;
  }

  get recording(): boolean {
    return false;
  }

  setAttribute(): void {}

  end(): void {}
}

async function close(): Promise<void> {}

function remoteContext(parent: TraceContext): SpanContext {
  return { traceId: parent.traceId, spanId: parent.spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true };
}
