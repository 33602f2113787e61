import type { RequestHandler } from "express";
import type { CorsSettings } from "./settings.ts";

const METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE";

/** What our own protocols send and answer with. */
const REQUEST_HEADERS =
  "authorization, content-type, idempotency-key, x-request-id, x-tenant-id, traceparent, connect-protocol-version, connect-timeout-ms, grpc-timeout, x-grpc-web, x-user-agent";
const RESPONSE_HEADERS =
  "x-request-id, retry-after, idempotency-replayed, ratelimit-limit, ratelimit-remaining, ratelimit-reset, grpc-status, grpc-message, grpc-status-details-bin";

/** Answers preflights, and lets the pages of known origins read answers. */
export function cors(settings: CorsSettings): RequestHandler {
  const known = new Set(settings.origins);
  const anyOrigin = known.has("*");
  return (request, response, next) => {
    const { origin } = request.headers;
    if (origin === undefined) {
      next();
      return;
    }
    response.setHeader("vary", "origin");
    const allowed = anyOrigin || known.has(origin);
    if (allowed) {
      response.setHeader("access-control-allow-origin", anyOrigin ? "*" : origin);
      if (!anyOrigin) response.setHeader("access-control-allow-credentials", "true");
      response.setHeader("access-control-expose-headers", RESPONSE_HEADERS);
    }
    if (request.method !== "OPTIONS" || request.headers["access-control-request-method"] === undefined) {
      next();
      return;
    }
    if (allowed) {
      response.setHeader("access-control-allow-methods", METHODS);
      response.setHeader("access-control-allow-headers", REQUEST_HEADERS);
      response.setHeader("access-control-max-age", String(settings.maxAgeSeconds));
    }
    response.writeHead(204).end();
  };
}
