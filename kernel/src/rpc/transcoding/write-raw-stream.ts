import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpBody } from "@plinth/proto/google/api/httpbody_pb";
import { PlinthError } from "../../base/errors.ts";
import { writeError } from "../../http/write-answer.ts";
import type { Call } from "../call.ts";
import { drained } from "./drained.ts";
import { setHeaders } from "./response-headers.ts";

/**
 * Writes the data of `google.api.HttpBody` messages as one body, as fast as the client reads. The first message says the media
 * type. An error before it is a plain answer; a later one breaks the connection, since a body of any kind has no place for it.
 */
export async function writeRawStream(
  call: Call,
  request: IncomingMessage,
  response: ServerResponse,
  messages: AsyncIterable<HttpBody>,
): Promise<void> {
  try {
    for await (const { contentType, data } of messages) {
      if (!response.headersSent) begin(call, response, contentType);
      if (data.length > 0 && !response.write(data) && !response.destroyed) await drained(response);
      if (response.destroyed) return;
    }
    if (!response.headersSent) begin(call, response, "");
    response.end();
  } catch (thrown) {
    // After the headers this breaks the connection.
    writeError(request, response, PlinthError.from(thrown));
  }
}

function begin(call: Call, response: ServerResponse, contentType: string): void {
  setHeaders(call, response);
  response.setHeader("cache-control", "no-store");
  response.setHeader("content-type", contentType === "" ? "application/octet-stream" : contentType);
  response.writeHead(200);
  // A client that waits for the first bytes of a slow stream sees at once that it is served.
  response.flushHeaders();
}
