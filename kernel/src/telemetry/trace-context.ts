import { randomFillSync } from "node:crypto";
import type { TraceContext } from "../base/request-context.ts";

/** W3C Trace Context, level 1: https://www.w3.org/TR/trace-context/ */

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE = "0".repeat(32);
const NO_SPAN = "0".repeat(16);

/** Reads a `traceparent` header; undefined for one that is missing or broken, as if it had not been sent. */
export function parseTraceparent(header: string | undefined): TraceContext | undefined {
  if (header === undefined || header.length > 512) return undefined;
  const match = TRACEPARENT.exec(header);
  if (match === null) return undefined;
  const [, version, traceId = "", spanId = "", flags = "", rest] = match;
  if (version === "ff" || (version === "00" && rest !== undefined) || traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** The header for calls, events and jobs that belong to this span. */
export function formatTraceparent(trace: TraceContext): string {
  return `00-${trace.traceId}-${trace.spanId}-${trace.sampled ? "01" : "00"}`;
}

/** 16 bytes of trace id and 8 of span id for each context, drawn many at once. */
const BYTES = 24;
const pool = Buffer.alloc(BYTES * 128);
let offset = pool.length;

/** A trace that begins here and is not recorded: its id still ties the log lines of all modules together. */
export function newUnsampledContext(): TraceContext {
  if (offset === pool.length) {
    randomFillSync(pool);
    offset = 0;
  }
  const hex = pool.toString("hex", offset, offset + BYTES);
  offset += BYTES;
  return { traceId: hex.slice(0, 32), spanId: hex.slice(32), sampled: false };
}
