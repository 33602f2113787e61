import type { IncomingMessage } from "node:http";
import { badRequest, type PlinthError } from "../base/errors.ts";
import { BODY_TOO_LARGE } from "./envelope.ts";

/**
 * Reads a body of at most `maxBytes`. Calls `done` once: with the bytes, or with BAD_REQUEST (reason BODY_TOO_LARGE, or BODY_CUT_OFF when
 * the client goes away). A callback, because a promise for each request shows in the benchmark.
 */
export function readBody(request: IncomingMessage, maxBytes: number, done: (error: PlinthError | undefined, body: Buffer) => void): void {
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced > maxBytes) {
    done(tooLarge(maxBytes), EMPTY);
    return;
  }
  let chunks: Buffer[] | undefined = [];
  let size = 0;
  const finish = (error: PlinthError | undefined, body: Buffer) => {
    chunks = undefined;
    done(error, body);
  };
  request.on("data", (chunk: Buffer) => {
    if (chunks === undefined) return;
    size += chunk.length;
    if (size > maxBytes) finish(tooLarge(maxBytes), EMPTY);
    else chunks.push(chunk);
  });
  request.on("end", () => {
    if (chunks !== undefined) finish(undefined, chunks.length === 1 ? (chunks[0] ?? EMPTY) : Buffer.concat(chunks, size));
  });
  const cutOff = () => {
    if (chunks !== undefined) finish(badRequest("The body broke off.", { reason: "BODY_CUT_OFF" }), EMPTY);
  };
  request.on("error", cutOff);
  request.on("close", cutOff);
}

const EMPTY = Buffer.alloc(0);

function tooLarge(maxBytes: number): PlinthError {
  return badRequest(`The body is larger than ${maxBytes} bytes.`, { reason: BODY_TOO_LARGE, metadata: { max_bytes: String(maxBytes) } });
}
