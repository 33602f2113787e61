import type { Settings } from "./settings.ts";

const ALLOWED_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
/** What pages may read of an answer besides the plain headers; the grpc-* ones are gRPC-Web's. */
const EXPOSED =
  "x-request-id, etag, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, grpc-status, grpc-message, grpc-status-details-bin";
/** How long a browser may remember a preflight; two hours is the most that any honours. */
const MAX_AGE_SECONDS = "7200";

/** Headers for the answer to a request from a page of `origin`, as a flat list of names and values; empty where it may not call. */
export function corsHeaders(settings: Settings, origin: string): string[] {
  const origins = settings.corsOrigins;
  if (origins.has(origin)) {
    return [
      "access-control-allow-origin",
      origin,
      "access-control-allow-credentials",
      "true",
      "access-control-expose-headers",
      EXPOSED,
      "vary",
      "origin",
    ];
  }
  // A page of any origin, but never with the user's credentials.
  if (origins.has("*")) return ["access-control-allow-origin", "*", "access-control-expose-headers", EXPOSED];
  return [];
}

/** What the answer to a preflight says besides. A page of a foreign origin finds no permission in the rest, whatever this says. */
export function preflightHeaders(requestedHeaders: string | undefined): string[] {
  const headers = ["access-control-allow-methods", ALLOWED_METHODS, "access-control-max-age", MAX_AGE_SECONDS];
  if (requestedHeaders !== undefined && /^[\w!#$%&'*+.^`|~, -]{1,2000}$/.test(requestedHeaders)) {
    headers.push("access-control-allow-headers", requestedHeaders);
  }
  return headers;
}
