import { randomUUID } from "node:crypto";
import { currentContext, DEFAULT_TENANT, type RequestContext, type TraceContext } from "../base/request-context.ts";

/** What is stored for a job: its payload, and of the request that enqueued it what the handler needs. Never its token. */
export interface JobEnvelope {
  readonly payload: unknown;
  readonly tenantId: string;
  readonly requestId: string;
  /** The span that enqueued it. */
  readonly trace?: TraceContext | undefined;
}

/** Wraps a payload in the tenant of the transaction and the trace of the current request. */
export function wrapPayload(payload: unknown, tenantId: string): JobEnvelope {
  const context = currentContext();
  return { payload: payload ?? null, tenantId, requestId: context?.requestId ?? "", trace: context?.trace };
}

/** The envelope of a stored job. A cron's has no enqueuer: it runs as nobody, in the default tenant. */
export function unwrapPayload(stored: unknown): JobEnvelope {
  const known = typeof stored === "object" && stored !== null ? (stored as Partial<JobEnvelope>) : {};
  return {
    payload: known.payload,
    tenantId: known.tenantId ?? DEFAULT_TENANT,
    requestId: known.requestId || randomUUID(),
    trace: known.trace,
  };
}

/** The context a handler runs in. */
export function jobContext(module: string, envelope: JobEnvelope, signal: AbortSignal): RequestContext {
  const { requestId, trace, tenantId } = envelope;
  return { requestId, traceId: trace?.traceId ?? "", trace, module, tenantId, signal };
}
