import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";

export const REQUEST_ID_HEADER = "x-request-id";

/** Longer ones, or ones with other signs, are not echoed or logged: the request gets an id of ours. */
const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** The caller's id where it can be used, else a new one. */
export function usableRequestId(given: string | undefined): string {
  return given !== undefined && REQUEST_ID.test(given) ? given : randomUUID();
}

/** Gives the request its id; from then on its header has it. */
export function assignRequestId(request: IncomingMessage): string {
  const given = request.headers[REQUEST_ID_HEADER];
  const id = usableRequestId(typeof given === "string" ? given : undefined);
  request.headers[REQUEST_ID_HEADER] = id;
  return id;
}

/** The id that `assignRequestId` gave. */
export function requestIdOf(request: IncomingMessage): string {
  const id = request.headers[REQUEST_ID_HEADER];
  return typeof id === "string" ? id : assignRequestId(request);
}
