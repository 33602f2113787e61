import type { ServerResponse } from "node:http";
import type { Http2ServerResponse, OutgoingHttpHeaders } from "node:http2";
import type { RateLimitAnswer } from "@plinth/kernel/resilience";

export type AnyResponse = ServerResponse | Http2ServerResponse;

/** Appends what every answer says: its id, and how much of the limit is left. */
export function appendCommonHeaders(requestId: string, limit: RateLimitAnswer | undefined, into: string[]): void {
  into.push("x-request-id", requestId);
  if (limit !== undefined) {
    into.push(
      "ratelimit-limit",
      String(limit.limit),
      "ratelimit-remaining",
      String(limit.remaining),
      "ratelimit-reset",
      String(Math.ceil(limit.resetMs / 1000)),
    );
  }
}

/** Writes status and headers from a flat list. HTTP/2 wants an object, and knows no headers of the connection. */
export function writeHead(response: AnyResponse, status: number, headers: string[]): void {
  if (isHttp1(response)) {
    response.writeHead(status, headers);
    return;
  }
  response.writeHead(status, headerObject(headers));
}

export function isHttp1(response: AnyResponse): response is ServerResponse {
  return !("stream" in response);
}

export function headerObject(headers: readonly string[]): OutgoingHttpHeaders {
  const object: OutgoingHttpHeaders = Object.create(null);
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = (headers[index] as string).toLowerCase();
    const value = headers[index + 1] as string;
    const before = object[name];
    if (before === undefined) object[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else object[name] = [String(before), value];
  }
  return object;
}
