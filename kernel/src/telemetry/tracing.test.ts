import { Writable } from "node:stream";
import { describe, expect, test } from "@jest/globals";
import { InMemorySpanExporter } from "@opentelemetry/sdk-trace-base";
import { createStreamExporter } from "./stream-exporter.ts";
import { formatTraceparent, newUnsampledContext, parseTraceparent } from "./trace-context.ts";
import { createTracing } from "./tracing.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

function recorded(ratio: number) {
  const exporter = new InMemorySpanExporter();
  return { exporter, tracing: createTracing({ module: "blog", version: "1.0.0", exporter, ratio }) };
}

describe("traceparent", () => {
  test("is read and written", () => {
    const header = `00-${TRACE}-${SPAN}-01`;
    expect(parseTraceparent(header)).toEqual({ traceId: TRACE, spanId: SPAN, sampled: true });
    expect(formatTraceparent({ traceId: TRACE, spanId: SPAN, sampled: true })).toBe(header);
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-02`)?.sampled).toBe(false);
    expect(parseTraceparent(`cc-${TRACE}-${SPAN}-01-what-comes-later`)?.sampled).toBe(true);
  });

  test.each([
    undefined,
    "",
    "nonsense",
    `00-${TRACE}-${SPAN}`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-extra`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01${"-x".repeat(400)}`,
  ])("%p counts as not sent", (header) => {
    expect(parseTraceparent(header)).toBeUndefined();
  });

  test("contexts made here are valid and differ", () => {
    const contexts = Array.from({ length: 1000 }, newUnsampledContext);
    for (const context of contexts) expect(parseTraceparent(formatTraceparent(context))).toEqual(context);
    expect(new Set(contexts.map(({ traceId }) => traceId)).size).toBe(1000);
  });
});

describe("spans", () => {
  test("a call and what it calls are one trace, below the caller's span", () => {
    const { tracing, exporter } = recorded(0);
    const server = tracing.startSpan("server", "Get", { traceId: TRACE, spanId: SPAN, sampled: true }, { "rpc.system": "grpc" });
    const query = tracing.startSpan("client", "select", server.context);
    query.setAttribute("rows", 3);
    query.end("OK");
    server.end("INTERNAL_ERROR");
    const [inner, outer] = exporter.getFinishedSpans();
    expect(outer).toMatchObject({ name: "Get", kind: 1, attributes: { "rpc.system": "grpc", "plinth.code": "INTERNAL_ERROR" } });
    expect(outer?.status.code).toBe(2);
    expect(outer?.parentSpanContext?.spanId).toBe(SPAN);
    expect(inner).toMatchObject({ name: "select", kind: 2, attributes: { rows: 3 } });
    expect(inner?.parentSpanContext?.spanId).toBe(server.context.spanId);
    expect(inner?.spanContext().traceId).toBe(TRACE);
    expect(outer?.resource.attributes["service.name"]).toBe("blog");
  });

  test("a wrong question is no failure of ours", () => {
    const { tracing, exporter } = recorded(1);
    tracing.startSpan("server", "Get", undefined).end("NOT_FOUND");
    expect(exporter.getFinishedSpans()[0]).toMatchObject({ status: { code: 0 }, attributes: { "plinth.code": "NOT_FOUND" } });
  });

  test("what the caller does not record is passed on unchanged and not recorded here", () => {
    const { tracing, exporter } = recorded(1);
    const parent = { traceId: TRACE, spanId: SPAN, sampled: false };
    const span = tracing.startSpan("server", "Get", parent);
    span.end("OK");
    expect([span.recording, span.context, exporter.getFinishedSpans()]).toEqual([false, parent, []]);
  });

  test("a new trace follows the ratio, which can change, and has an id for the logs either way", () => {
    const { tracing, exporter } = recorded(0);
    const without = tracing.startSpan("server", "Get", undefined);
    expect(without.recording).toBe(false);
    expect(without.context.traceId).toMatch(/^[0-9a-f]{32}$/);
    tracing.setRatio(1);
    const withRecord = tracing.startSpan("server", "Get", undefined);
    withRecord.end("OK");
    expect(withRecord.recording).toBe(true);
    expect(exporter.getFinishedSpans()).toHaveLength(1);
  });

  test("without an exporter a recorded trace of others still goes through", () => {
    const tracing = createTracing({ module: "blog", version: "1.0.0", exporter: "none", ratio: 1 });
    const parent = { traceId: TRACE, spanId: SPAN, sampled: true };
    expect(tracing.startSpan("server", "Get", parent).context).toBe(parent);
    expect(tracing.startSpan("server", "Get", undefined).context.sampled).toBe(false);
  });

  test("the stream exporter writes a line for each span", async () => {
    let text = "";
    const stream = new Writable({
      write(chunk, _encoding, done) {
        text += chunk;
        done();
      },
    });
    const tracing = createTracing({ module: "blog", version: "1.0.0", exporter: createStreamExporter(stream), ratio: 1 });
    const span = tracing.startSpan("consumer", "blog.post.created", undefined);
    span.end("TIMEOUT");
    await tracing.close();
    expect(JSON.parse(text)).toMatchObject({
      span: "blog.post.created",
      kind: "consumer",
      module: "blog",
      trace_id: span.context.traceId,
      span_id: span.context.spanId,
      status: "error",
      duration_ms: expect.any(Number),
    });
  });
});
