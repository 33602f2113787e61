import { randomUUID } from "node:crypto";
import { Metadata } from "@grpc/grpc-js";
import type { RequestContext, TraceContext } from "../base/request-context.ts";
import { formatTraceparent } from "../telemetry/trace-context.ts";
import type { CallOptions } from "./client.ts";

/** Who calls, as other modules see it. */
export interface CallerName {
  readonly module: string;
  readonly version: string;
}

/** What only the client itself may say; of a call's own headers these are left out. */
const RESERVED = new Set([
  "x-service-token",
  "x-service-name",
  "x-service-version",
  "x-tenant-id",
  "x-request-id",
  "x-client-address",
  "x-client-agent",
  "traceparent",
  "idempotency-key",
]);

/** gRPC metadata is printable ASCII; a user agent may be anything. */
const UNPRINTABLE = /[^ -~]/g;

/** The metadata of one try: who calls, for whom, in which request and trace. */
export function callMetadata(
  caller: CallerName,
  token: string,
  context: RequestContext | undefined,
  trace: TraceContext | undefined,
  options: CallOptions | undefined,
): Metadata {
  const metadata = new Metadata();
  if (options?.headers !== undefined) {
    for (const [name, value] of Object.entries(options.headers)) if (!RESERVED.has(name.toLowerCase())) metadata.set(name, value);
  }
  metadata.set("x-service-token", token);
  metadata.set("x-service-name", caller.module);
  metadata.set("x-service-version", caller.version);
  if (options?.idempotencyKey !== undefined) metadata.set("idempotency-key", options.idempotencyKey);
  if (trace !== undefined) metadata.set("traceparent", formatTraceparent(trace));
  if (context === undefined) {
    metadata.set("x-request-id", randomUUID());
    return metadata;
  }
  metadata.set("x-request-id", context.requestId);
  metadata.set("x-tenant-id", context.tenantId);
  if (context.clientAddress !== undefined) metadata.set("x-client-address", printable(context.clientAddress));
  if (context.userAgent !== undefined) metadata.set("x-client-agent", printable(context.userAgent));
  if (context.user !== undefined && options?.headers?.authorization === undefined)
    metadata.set("authorization", `Bearer ${context.user.token}`);
  return metadata;
}

function printable(text: string): string {
  return text.replace(UNPRINTABLE, "?");
}
