import type { DescMethod } from "@bufbuild/protobuf";
import type { ErrorCode } from "../base/errors.ts";
import type { TraceContext } from "../base/request-context.ts";

/** How a call came in. */
export type Protocol = "grpc" | "grpc-web" | "connect" | "rest";

/** One running call as telemetry sees it. */
export interface CallSpan {
  readonly context: TraceContext;
  end(code: "OK" | ErrorCode): void;
}

/** Counts and traces the calls of one method; made once, at start. */
export interface MethodInstruments {
  record(protocol: Protocol, code: "OK" | ErrorCode, seconds: number): void;
  /** Undefined where the call is not sampled: nothing is paid for it then. `traceparent` is the caller's. */
  startSpan(protocol: Protocol, traceparent: string | undefined): CallSpan | undefined;
}

/** What the call chain wants of metrics and tracing. */
export interface Instruments {
  forMethod(method: DescMethod): MethodInstruments;
}
