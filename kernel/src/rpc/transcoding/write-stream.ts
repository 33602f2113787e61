import type { IncomingMessage, ServerResponse } from "node:http";
import { PlinthError } from "../../base/errors.ts";
import { errorEnvelope } from "../../http/envelope.ts";
import { writeError } from "../../http/write-answer.ts";
import type { Call } from "../call.ts";
import { drained } from "./drained.ts";
import { setHeaders } from "./response-headers.ts";

/** How messages and a late error are told apart on the wire. */
interface StreamFormat {
  readonly contentType: string;
  message(json: string): string;
  error(json: string): string;
}

/** One JSON object a line, `{"success":true,"data":…}`; an error is the last line. */
const NDJSON: StreamFormat = {
  contentType: "application/x-ndjson; charset=utf-8",
  message: (json) => `{"success":true,"data":${json}}\n`,
  error: (json) => `${json}\n`,
};

/** Server-sent events: messages are `data`, an error is the event `error`. */
const EVENTS: StreamFormat = {
  contentType: "text/event-stream; charset=utf-8",
  message: (json) => `data: ${json}\n\n`,
  error: (json) => `event: error\ndata: ${json}\n\n`,
};

/** Writes the messages of a server stream as they come and as fast as the client reads. An error before the first is a plain answer. */
export async function writeStream(
  call: Call,
  request: IncomingMessage,
  response: ServerResponse,
  messages: AsyncIterable<string>,
): Promise<void> {
  const format = request.headers.accept?.includes("text/event-stream") ? EVENTS : NDJSON;
  try {
    for await (const json of messages) {
      if (!response.headersSent) begin(call, response, format);
      if (!response.write(format.message(json)) && !response.destroyed) await drained(response);
      if (response.destroyed) return;
    }
    if (!response.headersSent) begin(call, response, format);
    response.end();
  } catch (thrown) {
    const error = PlinthError.from(thrown);
    if (!response.headersSent) writeError(request, response, error);
    else if (!response.destroyed) response.end(format.error(JSON.stringify(errorEnvelope(error, call.requestId))));
  }
}

function begin(call: Call, response: ServerResponse, format: StreamFormat): void {
  setHeaders(call, response);
  response.setHeader("cache-control", "no-store");
  response.setHeader("content-type", format.contentType);
  response.writeHead(200);
}
