import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Logger } from "@plinth/kernel/logging";
import type { AdmissionMetrics } from "./admission-metrics.ts";
import { type AdmissionRequest, buildAdmissionReview, readAdmissionReview, type Verdict } from "./admission-review.ts";
import type { KeyPair } from "./authority.ts";

/** Decides on one request to the API server. */
export type Handler = (request: AdmissionRequest) => Verdict;

export interface AdmissionServerOptions {
  /** By path: `/validate/modules`. */
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly serving: KeyPair;
  readonly logger: Logger;
  readonly metrics: AdmissionMetrics;
  /** 0 takes any free port. */
  readonly port: number;
  readonly host?: string;
}

export interface AdmissionServer {
  readonly port: number;
  /** From the next connection on; those that are open go on with the certificate they began with. */
  setCertificate(serving: KeyPair): void;
  /** Answers what has begun, at most for the deadline of a request. */
  close(): Promise<void>;
}

/** An object may have 1.5 MB, and a review carries two of them. */
const MAX_BODY_BYTES = 3 * 2 ** 20;
/** Of all bodies that are read at the same time: whoever reaches the port could fill the memory of the whole operator otherwise. */
const MAX_READING_BYTES = 16 * MAX_BODY_BYTES;
/** The API server waits 10 s at most: an answer after that is for nobody. */
const DEADLINE_MS = 8_000;
const HEADERS_MS = 5_000;
const KEEP_ALIVE_MS = 90_000;
/** Each API server keeps a few connections; more are not from one. */
const MAX_CONNECTIONS = 512;

/** Serves the webhooks over HTTPS. Whatever is no review of an API server is answered with a 4xx and otherwise ignored. */
export async function startAdmissionServer(options: AdmissionServerOptions): Promise<AdmissionServer> {
  const { handlers, serving, logger, metrics, port, host } = options;
  const reading: Reading = { bytes: 0 };
  const server = createServer(
    {
      ...secureContext(serving),
      requestTimeout: DEADLINE_MS,
      headersTimeout: HEADERS_MS,
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: KEEP_ALIVE_MS,
      handshakeTimeout: HEADERS_MS,
    },
    (request, response) => {
      const [path = ""] = (request.url ?? "").split("?", 1);
      const handler = handlers.get(path);
      const done = metrics.begin(handler === undefined ? "unknown" : path);
      response.once("close", () => done(response.writableFinished ? response.statusCode : 499));
      answer(request, response, handler, reading).catch((error: unknown) => {
        if (request.destroyed && !request.complete) return;
        logger.error("a review failed", { path, error });
        if (!response.headersSent) refuse(response, 500, "the review failed");
      });
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  // A peer that speaks no TLS, or does not trust us: the API server logs what that means to it.
  server.on("tlsClientError", (error: Error) => logger.debug("a connection failed", { error }));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    setCertificate: (next) => server.setSecureContext(secureContext(next)),
    close: () =>
      new Promise((resolve) => {
        const late = setTimeout(() => server.closeAllConnections(), DEADLINE_MS);
        server.close(() => {
          clearTimeout(late);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

/** What is in memory of bodies that are not whole yet. */
interface Reading {
  bytes: number;
}

async function answer(request: IncomingMessage, response: ServerResponse, handler: Handler | undefined, reading: Reading): Promise<void> {
  if (handler === undefined) return refuse(response, 404, "there is no such webhook");
  if (request.method !== "POST") return refuse(response, 405, "reviews are posted", { allow: "POST" });
  if (!/^application\/json\s*(;|$)/i.test(request.headers["content-type"] ?? "")) return refuse(response, 415, "a review is JSON");
  const body = await readBody(request, reading);
  if (body === "busy") return refuse(response, 503, "too many reviews at once", { connection: "close", "retry-after": "1" });
  if (body === undefined) return refuse(response, 413, `a review has at most ${MAX_BODY_BYTES} bytes`, { connection: "close" });
  const review = readAdmissionReview(parseJson(body));
  if (review === undefined) return refuse(response, 400, "this is no AdmissionReview of admission.k8s.io/v1");
  const text = JSON.stringify(buildAdmissionReview(review.uid, handler(review)));
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) }).end(text);
}

/** Undefined where it is larger than a review can be. */
async function readBody(request: IncomingMessage, reading: Reading): Promise<Buffer | "busy" | undefined> {
  if (Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES) return undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length;
      reading.bytes += chunk.length;
      if (length > MAX_BODY_BYTES) return undefined;
      if (reading.bytes > MAX_READING_BYTES) return "busy";
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    reading.bytes -= length;
  }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}

function refuse(response: ServerResponse, status: number, message: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...headers, "content-type": "text/plain" }).end(`${message}\n`);
}

function secureContext({ certificate, key }: KeyPair): { cert: string; key: string; minVersion: "TLSv1.2" } {
  return { cert: certificate, key, minVersion: "TLSv1.2" };
}
