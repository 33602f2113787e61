import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Any, anyPack, anyUnpack, durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "@plinth/proto/google/rpc/error_details_pb";
import { type Status, StatusSchema } from "@plinth/proto/google/rpc/status_pb";
import { type ErrorCode, PlinthError, type PlinthErrorOptions } from "../base/errors.ts";
import { INTERNAL_MESSAGE } from "../http/envelope.ts";

/** `ErrorInfo.domain` of every error of the platform. */
export const ERROR_DOMAIN = "plinth.dev";

/** Trailer that carries `google.rpc.Status` in gRPC. */
export const STATUS_DETAILS_TRAILER = "grpc-status-details-bin";

/** Says the code where status code and reason leave a doubt; never shown to anyone. */
const CODE_KEY = "plinth_code";

/** The canonical gRPC (and Connect) status code of each error code. */
export const RPC_CODE: Readonly<Record<ErrorCode, number>> = {
  BAD_REQUEST: 3,
  UNAUTHORIZED: 16,
  FORBIDDEN: 7,
  NOT_FOUND: 5,
  CONFLICT: 6,
  VALIDATION_ERROR: 3,
  RATE_LIMITED: 8,
  INTERNAL_ERROR: 13,
  SERVICE_UNAVAILABLE: 14,
  TIMEOUT: 4,
  DEPENDENCY_FAILED: 14,
};

/** What a status code without our details means; with the reason it gets where the code has no name of its own. */
const CODE_OF_STATUS: Readonly<Record<number, { code: ErrorCode; reason?: string }>> = {
  1: { code: "TIMEOUT", reason: "CANCELLED" },
  2: { code: "INTERNAL_ERROR" },
  3: { code: "BAD_REQUEST" },
  4: { code: "TIMEOUT" },
  5: { code: "NOT_FOUND" },
  6: { code: "CONFLICT" },
  7: { code: "FORBIDDEN" },
  8: { code: "RATE_LIMITED" },
  9: { code: "CONFLICT", reason: "FAILED_PRECONDITION" },
  10: { code: "CONFLICT", reason: "ABORTED" },
  11: { code: "BAD_REQUEST", reason: "OUT_OF_RANGE" },
  12: { code: "INTERNAL_ERROR", reason: "UNIMPLEMENTED" },
  13: { code: "INTERNAL_ERROR" },
  14: { code: "SERVICE_UNAVAILABLE" },
  15: { code: "INTERNAL_ERROR", reason: "DATA_LOSS" },
  16: { code: "UNAUTHORIZED" },
};

/** The text a caller may read: an internal error's own words stay in the log. */
export function publicMessage(error: PlinthError): string {
  return error.code === "INTERNAL_ERROR" ? INTERNAL_MESSAGE : error.message;
}

/** The error as `google.rpc.Status` with ErrorInfo, BadRequest and RetryInfo. */
export function statusOf(error: PlinthError): Status {
  const hidden = error.code === "INTERNAL_ERROR";
  const metadata = hidden ? {} : { ...error.metadata };
  const fields = hidden ? [] : Object.entries(error.fieldErrors);
  if (isAmbiguous(error, fields.length > 0)) metadata[CODE_KEY] = error.code;

  const details: Any[] = [anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason: error.reason, domain: ERROR_DOMAIN, metadata }))];
  if (fields.length > 0) {
    const fieldViolations = fields.map(([field, description]) => ({ field, description }));
    details.push(anyPack(BadRequestSchema, create(BadRequestSchema, { fieldViolations })));
  }
  if (error.retryAfterSeconds !== undefined) {
    const retryDelay = durationFromMs(Math.round(error.retryAfterSeconds * 1000));
    details.push(anyPack(RetryInfoSchema, create(RetryInfoSchema, { retryDelay })));
  }
  return create(StatusSchema, { code: RPC_CODE[error.code], message: publicMessage(error), details });
}

/** The bytes of `grpc-status-details-bin`. */
export function statusBytes(error: PlinthError): Uint8Array {
  return toBinary(StatusSchema, statusOf(error));
}

/** What came over the wire, as an error again: from a gRPC status code, its message and the bytes of its details trailer. */
export function errorFromGrpcStatus(code: number, message: string, detailsTrailer?: Uint8Array): PlinthError {
  return errorFromDetails(code, message, detailsTrailer === undefined ? [] : readDetails(detailsTrailer));
}

/** The same from details already unpacked from their trailer. */
export function errorFromDetails(code: number, message: string, details: readonly Any[]): PlinthError {
  const known = CODE_OF_STATUS[code] ?? { code: "INTERNAL_ERROR" };
  let errorCode = known.code;
  let certain = false;
  const options: PlinthErrorOptions = known.reason === undefined ? {} : { reason: known.reason };
  for (const detail of details) {
    const info = anyUnpack(detail, ErrorInfoSchema);
    if (info !== undefined) {
      const { [CODE_KEY]: exact, ...metadata } = info.metadata;
      if (info.reason !== "") options.reason = info.reason;
      options.metadata = metadata;
      const told = exact ?? info.reason;
      if (isErrorCode(told) && RPC_CODE[told] === code) {
        errorCode = told;
        certain = true;
      }
      continue;
    }
    const badRequest = anyUnpack(detail, BadRequestSchema);
    if (badRequest !== undefined) {
      options.fieldErrors = Object.fromEntries(badRequest.fieldViolations.map((violation) => [violation.field, violation.description]));
      if (!certain && errorCode === "BAD_REQUEST" && badRequest.fieldViolations.length > 0) errorCode = "VALIDATION_ERROR";
      continue;
    }
    const retryDelay = anyUnpack(detail, RetryInfoSchema)?.retryDelay;
    if (retryDelay !== undefined) options.retryAfterSeconds = durationMs(retryDelay) / 1000;
  }
  return new PlinthError(errorCode, message, options);
}

/** A torn trailer must not hide the error it came with. */
function readDetails(bytes: Uint8Array): Any[] {
  try {
    return fromBinary(StatusSchema, bytes).details;
  } catch {
    return [];
  }
}

function isErrorCode(text: string | undefined): text is ErrorCode {
  return text !== undefined && Object.hasOwn(RPC_CODE, text);
}

/** Would `errorFromDetails` guess another code? */
function isAmbiguous(error: PlinthError, hasFields: boolean): boolean {
  if (error.reason === error.code) return false;
  const guess = CODE_OF_STATUS[RPC_CODE[error.code]]?.code;
  return (guess === "BAD_REQUEST" && hasFields ? "VALIDATION_ERROR" : guess) !== error.code;
}
