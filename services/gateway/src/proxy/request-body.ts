import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { Readable } from "node:stream";
import { LimitedBody } from "./limited-body.ts";

export type AnyRequest = IncomingMessage | Http2ServerRequest;

/** Bodies up to this are read whole before they are sent, so that they can be sent again. */
const REPLAYABLE_BYTES = 64 * 1024;

/** `small`: worth reading whole. `streamed`: large, or of a length that nobody knows. */
export function bodyKind(request: AnyRequest): "none" | "small" | "streamed" {
  const length = request.headers["content-length"];
  if (length !== undefined) return length === "0" ? "none" : Number(length) <= REPLAYABLE_BYTES ? "small" : "streamed";
  if ("stream" in request) return request.stream.endAfterHeaders ? "none" : "streamed";
  return request.headers["transfer-encoding"] === undefined ? "none" : "streamed";
}

/** Whether the client has sent all of it, or it is the module that does not take the rest. */
export function hasArrived(request: AnyRequest): boolean {
  if (request.complete || request.isPaused()) return true;
  return "stream" in request && request.stream.endAfterHeaders;
}

/** Calls `done` with the whole body; never, where the client breaks off. */
export function readWhole(request: AnyRequest, done: (body: Buffer) => void): void {
  const expected = Number(request.headers["content-length"]);
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
    if (body.length === expected) done(body);
  });
}

/** The body as it comes, up to `limit` bytes. */
export function streamed(request: AnyRequest, limit: number): Readable {
  const body = new LimitedBody(limit);
  request.on("error", (error) => body.destroy(error));
  request.pipe(body);
  return body;
}

/** A refused body is read and forgotten up to here: a connection that is closed on unread bytes takes the answer with it. */
const DRAINED_BYTES = 1024 * 1024;

/** Whether the client has announced so much that closing the connection is cheaper than reading it. */
export function hasMuchUnread(request: AnyRequest): boolean {
  return !request.complete && Number(request.headers["content-length"] ?? 0) > DRAINED_BYTES;
}

/** What is refused may still come for so long. */
const DRAIN_MS = 5000;

/** Reads what is still to come of a body nobody wants; who sends without end, or takes his time, is cut off. */
export function drain(request: AnyRequest): void {
  if (request.complete) return;
  let drained = 0;
  const limit = setTimeout(() => request.destroy(), DRAIN_MS);
  const done = () => clearTimeout(limit);
  request.on("end", done);
  request.on("close", done);
  request.on("data", (chunk: Buffer) => {
    drained += chunk.length;
    if (drained > DRAINED_BYTES) request.destroy();
  });
  // It may have been on its way to a module that took no more of it.
  request.unpipe();
  request.resume();
}
