import { formatTraceparent, type TraceSpan } from "@plinth/kernel/telemetry";
import type { Inbound } from "../domain/admission.ts";
import { appendRequestHeaders } from "../domain/request-headers.ts";

export interface OutgoingFacts {
  readonly serviceToken: string;
  readonly requestId: string;
  readonly span: TraceSpan;
  /** Milliseconds left; 0 for no deadline. */
  readonly remainingMs: number;
}

/** The flat list of headers for a module: the client's own ones that may pass, and ours. */
export function outgoingHeaders(inbound: Inbound, raw: readonly string[], facts: OutgoingFacts): string[] {
  const headers = [
    "x-service-token",
    facts.serviceToken,
    "x-request-id",
    facts.requestId,
    "x-tenant-id",
    inbound.tenantId,
    "x-client-address",
    inbound.clientAddress,
    "traceparent",
    formatTraceparent(facts.span.context),
  ];
  const authorization = inbound.header("authorization");
  if (authorization !== undefined && inbound.user !== undefined) headers.push("authorization", authorization);
  const agent = inbound.header("user-agent");
  if (agent !== undefined) headers.push("x-client-agent", agent);
  // A module makes absolute addresses with these; its own name is of no use outside.
  const host = inbound.header("host") ?? inbound.header(":authority");
  if (host !== undefined) headers.push("x-forwarded-host", host);
  headers.push("x-forwarded-proto", "http");
  if (facts.remainingMs > 0) headers.push("x-deadline-ms", String(facts.remainingMs));
  appendRequestHeaders(raw, inbound.header("connection"), headers);
  return headers;
}
