import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { PlinthError } from "../base/errors.ts";
import { errorEnvelope, httpStatusOf } from "./envelope.ts";
import { REQUEST_ID_HEADER, requestIdOf } from "./request-id.ts";

/** Smaller answers cost more to compress than to send. */
const COMPRESS_FROM_BYTES = 8 * 1024;

const gzipAsync = promisify(gzip);
const brotliAsync = promisify(brotliCompress);

/** Sends JSON text, compressed where it is large and the client can read that. */
export function writeJson(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader("content-type", "application/json; charset=utf-8");
  if (!response.hasHeader(REQUEST_ID_HEADER)) response.setHeader(REQUEST_ID_HEADER, requestIdOf(request));
  if (text.length >= COMPRESS_FROM_BYTES) {
    response.appendHeader("vary", "accept-encoding");
    const encoding = encodingFor(request.headers["accept-encoding"]);
    if (encoding !== undefined) {
      void writeCompressed(response, text, encoding);
      return;
    }
  }
  response.setHeader("content-length", Buffer.byteLength(text));
  response.end(text);
}

/** Sends the error as envelope, with the headers that belong to its kind. */
export function writeError(request: IncomingMessage, response: ServerResponse, error: PlinthError): void {
  if (response.headersSent) {
    // Half an answer is out: only a broken connection can still say that it is not whole.
    response.destroy();
    return;
  }
  const status = httpStatusOf(error);
  if (error.retryAfterSeconds !== undefined) response.setHeader("retry-after", String(Math.ceil(error.retryAfterSeconds)));
  if (status === 401) response.setHeader("www-authenticate", "Bearer");
  // What is left of a body that is too large is not read.
  if (status === 413) response.setHeader("connection", "close");
  writeJson(request, response, status, JSON.stringify(errorEnvelope(error, requestIdOf(request))));
}

function encodingFor(accepted: string | string[] | undefined): "br" | "gzip" | undefined {
  if (typeof accepted !== "string") return undefined;
  if (/\bbr\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/.test(accepted)) return "br";
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/.test(accepted) ? "gzip" : undefined;
}

async function writeCompressed(response: ServerResponse, text: string, encoding: "br" | "gzip"): Promise<void> {
  try {
    const bytes =
      encoding === "br"
        ? await brotliAsync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })
        : await gzipAsync(text, { level: 4 });
    response.setHeader("content-encoding", encoding);
    response.setHeader("content-length", bytes.length);
    response.end(bytes);
  } catch (error) {
    response.destroy(PlinthError.from(error));
  }
}
