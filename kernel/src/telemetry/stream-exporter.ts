import type { HrTime } from "@opentelemetry/api";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace-base";

const KIND_NAMES = ["internal", "server", "client", "producer", "consumer"];

/** Writes each finished span as one line of JSON, for development. */
export function createStreamExporter(stream: NodeJS.WritableStream): SpanExporter {
  return {
    export(spans, done) {
      stream.write(spans.map((span) => `${JSON.stringify(spanLine(span))}\n`).join(""));
      done({ code: 0 });
    },
    async shutdown() {},
  };
}

function spanLine(span: ReadableSpan): Record<string, unknown> {
  const { traceId, spanId } = span.spanContext();
  return {
    span: span.name,
    kind: KIND_NAMES[span.kind],
    module: span.resource.attributes["service.name"],
    trace_id: traceId,
    span_id: spanId,
    parent_id: span.parentSpanContext?.spanId,
    start: new Date(milliseconds(span.startTime)).toISOString(),
    duration_ms: Math.round(milliseconds(span.duration) * 1000) / 1000,
    status: span.status.code === 2 ? "error" : "ok",
    ...(Object.keys(span.attributes).length > 0 && { attributes: span.attributes }),
  };
}

function milliseconds([seconds, nanoseconds]: HrTime): number {
  return seconds * 1000 + nanoseconds / 1e6;
}
