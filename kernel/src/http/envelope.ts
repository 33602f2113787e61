import type { ErrorCode, PlinthError } from "../base/errors.ts";

/** The HTTP status of each error code. */
export const HTTP_STATUS: Readonly<Record<ErrorCode, number>> = {
  BAD_REQUEST: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  VALIDATION_ERROR: 422,
  RATE_LIMITED: 429,
  INTERNAL_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
  TIMEOUT: 504,
  DEPENDENCY_FAILED: 503,
};

/** What a caller reads instead of an internal error's own words. */
export const INTERNAL_MESSAGE = "Something went wrong on our side.";

/** The body of every JSON answer that is not a success. */
export interface ErrorEnvelope {
  readonly success: false;
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly details: {
      readonly reason: string;
      readonly metadata: Record<string, string>;
      readonly field_errors: Record<string, string>;
    };
  };
  readonly meta: { readonly request_id: string };
}

/** Internal errors keep their reason and lose their words: only the log has them. */
export function errorEnvelope(error: PlinthError, requestId: string): ErrorEnvelope {
  const hidden = error.code === "INTERNAL_ERROR";
  return {
    success: false,
    error: {
      code: error.code,
      message: hidden ? INTERNAL_MESSAGE : error.message,
      details: {
        reason: error.reason,
        metadata: hidden ? {} : error.metadata,
        field_errors: hidden ? {} : error.fieldErrors,
      },
    },
    meta: { request_id: requestId },
  };
}

/** A success envelope around data that is JSON text already, so that it is not parsed and written twice. */
export function successEnvelopeText(dataJson: string, requestId: string): string {
  return `{"success":true,"data":${dataJson},"meta":{"request_id":${JSON.stringify(requestId)}}}`;
}

/** The status of an answer: by code, or a finer one where HTTP has it for the reason. */
export function httpStatusOf(error: PlinthError): number {
  if (error.code === "BAD_REQUEST") {
    if (error.reason === BODY_TOO_LARGE) return 413;
    if (error.reason === METHOD_NOT_ALLOWED) return 405;
    if (error.reason === UNSUPPORTED_MEDIA_TYPE) return 415;
    if (error.reason === REQUEST_TIMEOUT) return 408;
  }
  return HTTP_STATUS[error.code];
}

/** Reasons of BAD_REQUEST for which HTTP has a status of its own. */
export const BODY_TOO_LARGE = "BODY_TOO_LARGE";
export const METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED";
export const UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE";
/** The client did not send all of its request in time. */
export const REQUEST_TIMEOUT = "REQUEST_TIMEOUT";
