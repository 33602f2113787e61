import type { PlinthError } from "@plinth/kernel/base";
import { errorEnvelope, httpStatusOf } from "@plinth/kernel/http";
import { encodeStatusDetails, GRPC_STATUS, statusMessage, statusOfError } from "@plinth/kernel/status";
import { type Protocol, UNIMPLEMENTED } from "../domain/protocol.ts";

/** An error in the form that the client's protocol has for it. `headers` is flat. */
export interface ErrorReply {
  readonly status: number;
  readonly headers: string[];
  readonly body: Buffer;
}

/** The Connect name of each gRPC status number that we send. */
const CONNECT_NAME: Readonly<Record<number, string>> = {
  3: "invalid_argument",
  4: "deadline_exceeded",
  5: "not_found",
  6: "already_exists",
  7: "permission_denied",
  8: "resource_exhausted",
  12: "unimplemented",
  13: "internal",
  14: "unavailable",
  16: "unauthenticated",
};

const NO_BODY = Buffer.alloc(0);
/** Flag of a Connect end-of-stream message. */
const END_OF_STREAM = 2;

export function errorReply(error: PlinthError, protocol: Protocol, requestId: string, contentType: string | undefined): ErrorReply {
  const headers: string[] = [];
  if (error.retryAfterSeconds !== undefined) headers.push("retry-after", String(Math.max(1, Math.ceil(error.retryAfterSeconds))));
  if (error.code === "UNAUTHORIZED" && protocol === "rest") headers.push("www-authenticate", "Bearer");
  switch (protocol) {
    case "grpc":
    case "grpc-web":
      headers.push("content-type", contentType ?? "application/grpc", ...grpcStatusHeaders(error));
      return { status: 200, headers, body: NO_BODY };
    case "connect":
      headers.push("content-type", "application/json");
      return { status: httpStatusOf(error), headers, body: Buffer.from(JSON.stringify(connectError(error))) };
    case "connect-stream": {
      headers.push("content-type", contentType ?? "application/connect+json");
      const text = Buffer.from(JSON.stringify({ error: connectError(error) }));
      const head = Buffer.alloc(5);
      head.writeUInt8(END_OF_STREAM, 0);
      head.writeUInt32BE(text.length, 1);
      return { status: 200, headers, body: Buffer.concat([head, text]) };
    }
    default:
      headers.push("content-type", "application/json; charset=utf-8");
      return { status: httpStatusOf(error), headers, body: Buffer.from(JSON.stringify(errorEnvelope(error, requestId))) };
  }
}

/** `grpc-status`, `grpc-message` and the details, as headers of an answer without a body or as trailers. */
export function grpcStatusHeaders(error: PlinthError): string[] {
  return [
    "grpc-status",
    String(statusNumber(error)),
    "grpc-message",
    percentEncoded(statusMessage(error)),
    "grpc-status-details-bin",
    Buffer.from(encodeStatusDetails(error)).toString("base64").replace(/=+$/, ""),
  ];
}

function statusNumber(error: PlinthError): number {
  return error.reason === UNIMPLEMENTED ? 12 : GRPC_STATUS[error.code];
}

function connectError(error: PlinthError): { code: string; message: string; details: { type: string; value: string }[] } {
  const details = statusOfError(error).details.map(({ typeUrl, value }) => ({
    type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
    value: Buffer.from(value).toString("base64").replace(/=+$/, ""),
  }));
  return { code: CONNECT_NAME[statusNumber(error)] ?? "unknown", message: error.message, details };
}

/** gRPC's own encoding: printable ASCII but `%` stays, the rest goes byte by byte. */
function percentEncoded(text: string): string {
  let encoded = "";
  for (const byte of Buffer.from(text)) {
    encoded +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25 ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
