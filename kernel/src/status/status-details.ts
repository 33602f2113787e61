import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { type Any, anyIs, anyPack } from "@bufbuild/protobuf/wkt";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "@plinth/proto/google/rpc/error_details_pb";
import { type Status, StatusSchema } from "@plinth/proto/google/rpc/status_pb";
import { type ErrorCode, PlinthError, type PlinthErrorOptions } from "../base/errors.ts";

/**
 * `PlinthError` ↔ `google.rpc.Status`: what travels in `grpc-status-details-bin`, so that a caller sees the callee's code, reason,
 * metadata and field errors and not only a number and a text. The cause stays behind.
 */

/** gRPC's status numbers; the Connect codes have the same numbers. */
export const GRPC_STATUS: Readonly<Record<ErrorCode, number>> = {
  BAD_REQUEST: 3,
  VALIDATION_ERROR: 3,
  TIMEOUT: 4,
  NOT_FOUND: 5,
  CONFLICT: 6,
  FORBIDDEN: 7,
  RATE_LIMITED: 8,
  INTERNAL_ERROR: 13,
  SERVICE_UNAVAILABLE: 14,
  DEPENDENCY_FAILED: 14,
  UNAUTHORIZED: 16,
};

/** The domain of our reasons in `google.rpc.ErrorInfo`. */
export const ERROR_DOMAIN = "plinth.dev";

/** The code a bare status number stands for; numbers that no code of ours has become the nearest one. */
export function codeOfStatus(status: number): ErrorCode {
  switch (status) {
    case 3: // INVALID_ARGUMENT
    case 11: // OUT_OF_RANGE
      return "BAD_REQUEST";
    case 1: // CANCELLED
    case 4: // DEADLINE_EXCEEDED
      return "TIMEOUT";
    case 5: // NOT_FOUND
      return "NOT_FOUND";
    case 6: // ALREADY_EXISTS
    case 9: // FAILED_PRECONDITION
    case 10: // ABORTED
      return "CONFLICT";
    case 7: // PERMISSION_DENIED
      return "FORBIDDEN";
    case 8: // RESOURCE_EXHAUSTED
      return "RATE_LIMITED";
    case 14: // UNAVAILABLE
      return "SERVICE_UNAVAILABLE";
    case 16: // UNAUTHENTICATED
      return "UNAUTHORIZED";
    default:
      return "INTERNAL_ERROR";
  }
}

/**
 * Status and details travel as trailers, which peers refuse beyond 8 KiB, and then give up the connection with all its calls. The text
 * stands there twice, once percent-encoded, and the rest in base64: these bounds leave room for both.
 */
const MESSAGE_BYTES = 500;
const METADATA_BYTES = 1000;
const VIOLATIONS_BYTES = 2000;

export function statusOfError(error: PlinthError): Status {
  const metadata = Object.fromEntries(fitting(error.metadata, METADATA_BYTES));
  const details = [anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason: error.reason, domain: ERROR_DOMAIN, metadata }))];
  const fieldViolations = fitting(error.fieldErrors, VIOLATIONS_BYTES).map(([field, description]) => ({ field, description }));
  if (fieldViolations.length > 0) details.push(anyPack(BadRequestSchema, create(BadRequestSchema, { fieldViolations })));
  if (error.retryAfterSeconds !== undefined) {
    const seconds = Math.floor(error.retryAfterSeconds);
    const retryDelay = { seconds: BigInt(seconds), nanos: Math.round((error.retryAfterSeconds - seconds) * 1e9) };
    details.push(anyPack(RetryInfoSchema, create(RetryInfoSchema, { retryDelay })));
  }
  return create(StatusSchema, { code: GRPC_STATUS[error.code], message: statusMessage(error), details });
}

/** The text of an error as it travels in a trailer: of bounded length. */
export function statusMessage({ message }: PlinthError): string {
  return cut(message, MESSAGE_BYTES);
}

/** The first entries that fit into so many bytes together; one that is too long by itself is cut. */
function fitting(entries: Readonly<Record<string, string>>, maxBytes: number): [string, string][] {
  const kept: [string, string][] = [];
  let bytes = 0;
  for (const [name, value] of Object.entries(entries)) {
    const entry: [string, string] = [cut(name, MESSAGE_BYTES), cut(value, MESSAGE_BYTES)];
    bytes += Buffer.byteLength(entry[0]) + Buffer.byteLength(entry[1]);
    if (bytes > maxBytes) break;
    kept.push(entry);
  }
  return kept;
}

function cut(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text;
  // A character that is cut in two becomes a replacement character at the end; the dots stand in its place.
  const head = Buffer.from(text)
    .subarray(0, maxBytes - 3)
    .toString();
  return `${head.replace(/\ufffd+$/, "")}…`;
}

/**
 * The error a status stands for. Two pairs of our codes share a status number: field errors or the reason tell VALIDATION_ERROR from
 * BAD_REQUEST, the reason tells DEPENDENCY_FAILED from SERVICE_UNAVAILABLE.
 */
export function errorOfStatus(status: { code: number; message: string; details?: Status["details"] }): PlinthError {
  const options: PlinthErrorOptions = {};
  for (const detail of status.details ?? []) {
    const info = unpack(detail, ErrorInfoSchema);
    if (info !== undefined) {
      if (info.reason !== "") options.reason = info.reason;
      options.metadata = info.metadata;
    }
    const fields = unpack(detail, BadRequestSchema);
    if (fields !== undefined) options.fieldErrors = Object.fromEntries(fields.fieldViolations.map((one) => [one.field, one.description]));
    const delay = unpack(detail, RetryInfoSchema)?.retryDelay;
    if (delay !== undefined) options.retryAfterSeconds = Number(delay.seconds) + delay.nanos / 1e9;
  }
  let code = codeOfStatus(status.code);
  if (code === "BAD_REQUEST" && (options.fieldErrors !== undefined || options.reason === "VALIDATION_ERROR")) code = "VALIDATION_ERROR";
  if (code === "SERVICE_UNAVAILABLE" && options.reason === "DEPENDENCY_FAILED") code = "DEPENDENCY_FAILED";
  return new PlinthError(code, status.message, options);
}

/** The value of the metadata key `grpc-status-details-bin`. */
export function encodeStatusDetails(error: PlinthError): Uint8Array {
  return toBinary(StatusSchema, statusOfError(error));
}

/** Reads `grpc-status-details-bin`; where it is absent or broken, what number and text alone can say. */
export function decodeStatusDetails(details: Uint8Array | undefined, code: number, message: string): PlinthError {
  if (details !== undefined) {
    try {
      return errorOfStatus(fromBinary(StatusSchema, details));
    } catch {
      // A peer that is not ours may put anything there; its status number still counts.
    }
  }
  return errorOfStatus({ code, message });
}

/** A detail of a foreign type or with broken bytes is left out. */
function unpack<M extends DescMessage>(detail: Any, schema: M): MessageShape<M> | undefined {
  if (!anyIs(detail, schema)) return undefined;
  try {
    return fromBinary(schema, detail.value);
  } catch {
    return undefined;
  }
}
