export { type CallInstruments, createCallInstruments } from "./call-instruments.ts";
export { createErrorBus, type ErrorBus, type ErrorBusOptions, type ErrorReport, type ErrorSink, loggerSink } from "./error-bus.ts";
export {
  type Distribution,
  distribution,
  type InstrumentDescription,
  type Level,
  level,
  type Tally,
  tally,
} from "./instruments.ts";
export { createMetrics, type Metrics } from "./metrics.ts";
export { catchProcessErrors, type ProcessErrorOptions } from "./process-errors.ts";
export { formatTraceparent, newUnsampledContext, parseTraceparent } from "./trace-context.ts";
export { createTracing, type SpanAttributes, type TraceSpan, type TraceSpanKind, type Tracing, type TracingOptions } from "./tracing.ts";
