import type { DescMethod } from "@bufbuild/protobuf";
import { expect, test } from "@jest/globals";
import { InMemorySpanExporter } from "@opentelemetry/sdk-trace-base";
import { createCallInstruments } from "./call-instruments.ts";
import { createMetrics } from "./metrics.ts";
import { createTracing } from "./tracing.ts";

test("calls are counted and traced under service and method, below the caller's span", async () => {
  const method = { name: "GetPost", parent: { typeName: "plinth.blog.v1.BlogService" } } as DescMethod;
  const metrics = createMetrics({ module: "blog" });
  const exporter = new InMemorySpanExporter();
  const instruments = createCallInstruments(metrics, createTracing({ module: "blog", version: "1.0.0", exporter, ratio: 0 }));
  const calls = instruments.forMethod(method);
  calls.startSpan("grpc", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").end("OK");
  calls.startSpan("grpc", undefined).end("OK");
  calls.record("grpc", "OK", 0.001);
  calls.record("grpc", "OK", 0.001);
  calls.record("rest", "NOT_FOUND", 0.001);
  const spans = exporter.getFinishedSpans();
  expect(spans).toHaveLength(1);
  expect(spans[0]).toMatchObject({
    name: "plinth.blog.v1.BlogService/GetPost",
    attributes: { "rpc.system": "grpc", "rpc.service": "plinth.blog.v1.BlogService", "rpc.method": "GetPost" },
  });
  const text = await metrics.text();
  expect(text).toMatch(/plinth_rpc_server_duration_seconds_count\{.*protocol="grpc",.*code="OK".*\} 2/);
  expect(text).toMatch(/plinth_rpc_server_duration_seconds_count\{.*protocol="rest",.*code="NOT_FOUND".*\} 1/);
});
