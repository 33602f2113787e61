import type { ServerResponse } from "node:http";
import type { Call } from "../call.ts";

/** What the handler has put into `responseHeaders`. */
export function setHeaders(call: Call, response: ServerResponse): void {
  const headers = call.responseHeadersIfAny;
  if (headers === undefined) return;
  for (const [name, value] of headers) response.appendHeader(name, value);
}
