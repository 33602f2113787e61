import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import { badRequest, notFound, PlinthError } from "../base/errors.ts";
import { bindFailure } from "../base/port-taken.ts";
import type { Logger } from "../logging/logger.ts";
import { cors } from "./cors.ts";
import { BODY_TOO_LARGE, HTTP_STATUS } from "./envelope.ts";
import { assignRequestId, REQUEST_ID_HEADER } from "./request-id.ts";
import type { CorsSettings, HttpLimits } from "./settings.ts";
import { writeError } from "./write-answer.ts";

export interface HttpServerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly limits: HttpLimits;
  /** Absent: no page of another origin may read an answer. */
  readonly cors?: CorsSettings | undefined;
  readonly logger: Logger;
  /** Adds the routes; they come after ids and security headers and before the 404. */
  readonly mount: (app: Express) => void;
}

export interface HttpServer {
  /** Binds; answers the port. */
  start(): Promise<number>;
  /** Stops accepting, lets running requests end for `graceMs`, then cuts. */
  stop(graceMs: number): Promise<void>;
}

/** An Express 5 server that answers everything it does not know or cannot read with an envelope. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { limits } = options;
  let stopping = false;
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", "simple");

  const begin: RequestHandler = (request, response, next) => {
    response.setHeader(REQUEST_ID_HEADER, assignRequestId(request));
    response.setHeader("x-content-type-options", "nosniff");
    response.setHeader("x-frame-options", "DENY");
    response.setHeader("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
    response.setHeader("referrer-policy", "no-referrer");
    // The client takes its next request to another instance.
    if (stopping) response.setHeader("connection", "close");
    next();
  };
  app.use(begin);
  if (options.cors !== undefined) app.use(cors(options.cors));
  options.mount(app);
  app.use((request, response) => {
    writeError(request, response, notFound(`There is nothing at ${request.method} ${request.path}.`, { reason: "ROUTE_NOT_FOUND" }));
  });
  app.use(errorHandler(options.logger));

  const server = createServer(
    {
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveMs,
      // How soon a slow client is noticed.
      connectionsCheckingInterval: Math.min(limits.headersTimeoutMs, 5000),
      noDelay: true,
    },
    app,
  );
  return {
    start: () => listen(server, options.host, options.port),
    stop(graceMs) {
      stopping = true;
      return close(server, graceMs);
    },
  };
}

/** What a handler has thrown, or Express and its parsers have. */
function errorHandler(logger: Logger): ErrorRequestHandler {
  return (thrown: unknown, request, response, _next) => {
    const error = fromExpress(thrown);
    if (HTTP_STATUS[error.code] >= 500) {
      logger.error("request failed", { method: request.method, path: request.path, code: error.code, error: error.cause ?? error });
    }
    writeError(request, response, error);
  };
}

/** Express and body-parser put a status on what is the client's fault. */
function fromExpress(thrown: unknown): PlinthError {
  if (thrown instanceof PlinthError || !(thrown instanceof Error)) return PlinthError.from(thrown);
  const { status } = thrown as Error & { status?: unknown };
  if (typeof status !== "number" || status < 400 || status >= 500) return PlinthError.from(thrown);
  if (status === 413) return badRequest("The body is too large.", { reason: BODY_TOO_LARGE });
  if (status === 404) return notFound("There is nothing here.", { reason: "ROUTE_NOT_FOUND" });
  return badRequest("The request is malformed.", { cause: thrown });
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(bindFailure("http", `${host}:${port}`, error));
    server.once("error", failed);
    server.listen(port, host, () => {
      server.off("error", failed);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function close(server: Server, graceMs: number): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    // A connection whose last answer was begun before the stop is kept alive, and idle from then on.
    const sweep = setInterval(() => server.closeIdleConnections(), 100);
    server.close(() => {
      clearTimeout(cut);
      clearInterval(sweep);
      resolve();
    });
    server.closeIdleConnections();
  });
}
