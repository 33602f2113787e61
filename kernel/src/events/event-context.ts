import type { RequestContext } from "../base/request-context.ts";
import { parseTraceparent } from "../telemetry/trace-context.ts";
import type { Envelope } from "./bus.ts";

/** What `currentContext()` answers in a handler: the publisher's tenant and trace; the event's id stands for the request's. */
export function eventContext(module: string, envelope: Envelope, signal: AbortSignal): RequestContext {
  const trace = parseTraceparent(envelope.traceparent);
  return {
    requestId: envelope.eventId,
    traceId: trace?.traceId ?? "",
    trace,
    module,
    caller: envelope.source.replace(/-service$/, ""),
    tenantId: envelope.tenantId,
    signal,
  };
}
