import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import {
  createServer as createHttp2Server,
  Http2ServerRequest,
  Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";

/** Time for a connection's first bytes, and for a request's whole head: a client that drips bytes holds nothing for long. */
const HEAD_TIMEOUT_MS = 10_000;
/** Time for a whole request with its body. */
const REQUEST_TIMEOUT_MS = 300_000;
/** Longer than load balancers keep idle connections (60 s): they, not we, should close them, or requests get lost in between. */
const KEEP_ALIVE_MS = 65_000;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_STREAMS = 256;
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n");

export interface ListenerHandlers {
  request(request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse): void;
  /** Native gRPC. */
  grpc(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

export interface ListenerOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly headTimeoutMs?: number;
}

export interface Listener {
  readonly port: number;
  /** Accepts nothing new, lets what runs finish, and cuts what still runs after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** One port for HTTP/1.1 and for HTTP/2 without TLS, told apart by the first bytes of a connection. */
export async function listen(handlers: ListenerHandlers, options: ListenerOptions): Promise<Listener> {
  const headTimeoutMs = options.headTimeoutMs ?? HEAD_TIMEOUT_MS;
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  const http1 = openHttp1(handlers, headTimeoutMs);
  const http2 = openHttp2(handlers, sessions);
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    sniff(socket, headTimeoutMs, (isHttp2) => (isHttp2 ? http2 : http1).emit("connection", socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port: options.port, host: options.host, backlog: 2048 }, resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : options.port;
  return { port, close: (graceMs) => close(server, http1, sockets, sessions, graceMs) };
}

function openHttp1(handlers: ListenerHandlers, headTimeoutMs: number): HttpServer {
  const server = createHttpServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: headTimeoutMs,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: Math.min(2000, headTimeoutMs),
      insecureHTTPParser: false,
      requireHostHeader: true,
    },
    handlers.request,
  );
  server.maxHeadersCount = 100;
  server.on("upgrade", handlers.upgrade);
  server.on("clientError", refuseBroken);
  // It never listens itself, but its time-outs are checked from this event on.
  server.emit("listening");
  return server;
}

function openHttp2(handlers: ListenerHandlers, sessions: Set<ServerHttp2Session>) {
  const options = {
    maxHeaderListPairs: 100,
    maxSessionInvalidFrames: 100,
    settings: { enablePush: false, maxConcurrentStreams: MAX_STREAMS, maxHeaderListSize: MAX_HEADER_BYTES, initialWindowSize: 256 * 1024 },
  };
  const server = createHttp2Server(options);
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
    session.on("error", () => session.destroy());
  });
  server.on("sessionError", () => {});
  // The flags are of no interest; the fourth argument is missing in the type.
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, rawHeaders?: string[]) => {
    stream.on("error", () => {});
    const contentType = headers["content-type"] ?? "";
    if (contentType.startsWith("application/grpc") && !contentType.startsWith("application/grpc-web")) {
      handlers.grpc(stream, headers, rawHeaders ?? []);
    } else {
      handlers.request(new Http2ServerRequest(stream, headers, {}, rawHeaders ?? []), new Http2ServerResponse(stream));
    }
  });
  return server;
}

/** Reads until it is clear which protocol is spoken, and puts the bytes back. */
function sniff(socket: Socket, timeoutMs: number, decided: (isHttp2: boolean) => void): void {
  let seen: Buffer | undefined;
  const giveUp = () => socket.destroy();
  socket.setTimeout(timeoutMs, giveUp);
  socket.on("error", giveUp);
  socket.on("end", giveUp);
  socket.on("data", onData);

  function onData(chunk: Buffer): void {
    seen = seen === undefined ? chunk : Buffer.concat([seen, chunk]);
    const length = Math.min(seen.length, PREFACE.length);
    const matches = PREFACE.compare(seen, 0, length, 0, length) === 0;
    if (matches && length < PREFACE.length) return;
    socket.off("data", onData);
    socket.off("timeout", giveUp);
    socket.off("end", giveUp);
    socket.setTimeout(0);
    // Half a connection is of no use to HTTP/2, which would keep it for ever.
    socket.allowHalfOpen = !matches;
    socket.pause();
    socket.unshift(seen);
    decided(matches);
    // HTTP/2 takes what is buffered and the rest from the handle; resuming would pour it out beside it.
    if (!matches) socket.resume();
  }
}

const STATUS_OF: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

/** What no parser could make sense of gets the envelope too, and the connection ends: where the next request begins is not known. */
function refuseBroken(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const status = STATUS_OF[error.code ?? ""] ?? "400 Bad Request";
  const body = JSON.stringify({
    success: false,
    error: {
      code: status.startsWith("408") ? "TIMEOUT" : "BAD_REQUEST",
      message: `${status.slice(4)}.`,
      details: { reason: "MALFORMED_REQUEST", metadata: {}, field_errors: {} },
    },
    meta: { request_id: "" },
  });
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

async function close(
  server: Server,
  http1: HttpServer,
  sockets: Set<Socket>,
  sessions: Set<ServerHttp2Session>,
  graceMs: number,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const session of sessions) session.close();
  http1.close(() => {});
  // Connections between two requests; those in a request close after their answer, which says `connection: close`.
  http1.closeIdleConnections();
  const again = setInterval(() => http1.closeIdleConnections(), 100);
  const cut = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, graceMs);
  await closed;
  clearInterval(again);
  clearTimeout(cut);
}
