export { type ErrorEnvelope, errorEnvelope, HTTP_STATUS, httpStatusOf, REQUEST_TIMEOUT } from "./envelope.ts";
export type { RawHandler, RawRoute } from "./raw-routes.ts";
export { readBody } from "./read-body.ts";
export { assignRequestId, REQUEST_ID_HEADER, requestIdOf, usableRequestId } from "./request-id.ts";
export { createHttpServer, type HttpServer, type HttpServerOptions } from "./server.ts";
export { type CorsSettings, DEFAULT_HTTP_LIMITS, type HttpLimits } from "./settings.ts";
export { writeError, writeJson } from "./write-answer.ts";
