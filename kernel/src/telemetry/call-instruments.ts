import type { DescMethod } from "@bufbuild/protobuf";
import type { ErrorCode } from "../base/errors.ts";
import type { Metrics } from "./metrics.ts";
import { parseTraceparent } from "./trace-context.ts";
import type { SpanAttributes, TraceSpan, Tracing } from "./tracing.ts";

/** Counts and traces the calls of one method. */
export interface CallInstruments {
  record(protocol: string, code: "OK" | ErrorCode, seconds: number): void;
  startSpan(protocol: string, traceparent: string | undefined): TraceSpan;
}

/** What the RPC chain reports to. Names and recorders are made once per method, none per call. */
export function createCallInstruments(metrics: Metrics, tracing: Tracing): { forMethod(method: DescMethod): CallInstruments } {
  return {
    forMethod(method) {
      const name = `${method.parent.typeName}/${method.name}`;
      const attributesOf = new Map<string, SpanAttributes>();
      const recorders = new Map<string, ReturnType<Metrics["rpcServer"]["with"]>>();
      return {
        record(protocol, code, seconds) {
          const key = protocol + code;
          let recorder = recorders.get(key);
          if (recorder === undefined) {
            recorder = metrics.rpcServer.with(protocol, name, code);
            recorders.set(key, recorder);
          }
          recorder.observe(seconds);
        },
        startSpan(protocol, traceparent) {
          let attributes = attributesOf.get(protocol);
          if (attributes === undefined) {
            attributes = { "rpc.system": protocol, "rpc.service": method.parent.typeName, "rpc.method": method.name };
            attributesOf.set(protocol, attributes);
          }
          return tracing.startSpan("server", name, parseTraceparent(traceparent), attributes);
        },
      };
    },
  };
}
