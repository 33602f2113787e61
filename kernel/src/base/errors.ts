/**
 * The one error class of the platform. Whatever is thrown inside a service reaches a caller only as a
 * `PlinthError`: `PlinthError.from(unknown)` is the single funnel, and turns anything it does not know into
 * INTERNAL_ERROR without its text.
 */

/** The coarse kinds. Each has one HTTP status and one RPC code (see `http/envelope.ts` and `rpc/errors.ts`). */
export type ErrorCode =
  | "BAD_REQUEST"
  | "UNAUTHORIZED"
  | "FORBIDDEN"
  | "NOT_FOUND"
  | "CONFLICT"
  | "VALIDATION_ERROR"
  | "RATE_LIMITED"
  | "INTERNAL_ERROR"
  | "SERVICE_UNAVAILABLE"
  | "TIMEOUT"
  | "DEPENDENCY_FAILED";

export interface PlinthErrorOptions {
  /** Finer reason of a module, upper snake case: `PRODUCT_NOT_FOUND`. Defaults to the code. */
  reason?: string;
  /** Facts for the caller's program; never secrets. Travels as `ErrorInfo.metadata`. */
  metadata?: Record<string, string>;
  /** Field path as the client wrote it → what is wrong with it and how to mend it. */
  fieldErrors?: Record<string, string>;
  /** Seconds after which trying again makes sense (`Retry-After`, `RetryInfo`). */
  retryAfterSeconds?: number;
  /** Logged, never sent. */
  cause?: unknown;
}

export class PlinthError extends Error {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly metadata: Record<string, string>;
  readonly fieldErrors: Record<string, string>;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, options: PlinthErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "PlinthError";
    this.code = code;
    this.reason = options.reason ?? code;
    this.metadata = options.metadata ?? {};
    this.fieldErrors = options.fieldErrors ?? {};
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  /** A `PlinthError` stays itself; an abort by deadline becomes TIMEOUT; all else INTERNAL_ERROR with the original as cause. */
  static from(thrown: unknown): PlinthError {
    if (thrown instanceof PlinthError) return thrown;
    if (thrown instanceof DOMException && thrown.name === "TimeoutError") return timeout("The deadline passed.", { cause: thrown });
    return new PlinthError("INTERNAL_ERROR", "Something went wrong on our side.", { cause: thrown });
  }
}

export const badRequest = constructorOf("BAD_REQUEST");
export const unauthorized = constructorOf("UNAUTHORIZED");
export const forbidden = constructorOf("FORBIDDEN");
export const notFound = constructorOf("NOT_FOUND");
export const conflict = constructorOf("CONFLICT");
export const rateLimited = constructorOf("RATE_LIMITED");
export const internal = constructorOf("INTERNAL_ERROR");
export const unavailable = constructorOf("SERVICE_UNAVAILABLE");
export const timeout = constructorOf("TIMEOUT");
export const dependencyFailed = constructorOf("DEPENDENCY_FAILED");

/** Fields that are named in one refusal, and those that its message lists: a list of a million wrong items must not be answered in full. */
const NAMED_FIELDS = 50;
const LISTED_FIELDS = 10;
/** Names are the client's: maps and unknown fields have any. */
const NAME_LENGTH = 200;

/** Refuses a request for its fields; the message lists them, so that it stands alone in a log. */
export function validation(fieldErrors: Record<string, string>, options: Omit<PlinthErrorOptions, "fieldErrors"> = {}): PlinthError {
  const all = Object.entries(fieldErrors);
  const named = all.slice(0, NAMED_FIELDS).map(([field, problem]): [string, string] => [shortened(field), problem]);
  const listed = named.slice(0, LISTED_FIELDS).map(([field, problem]) => `${field}: ${problem}`);
  if (all.length > LISTED_FIELDS) listed.push(`and ${all.length - LISTED_FIELDS} more`);
  return new PlinthError("VALIDATION_ERROR", listed.join("; "), { ...options, fieldErrors: Object.fromEntries(named) });
}

function shortened(name: string): string {
  return name.length <= NAME_LENGTH ? name : `${name.slice(0, NAME_LENGTH).toWellFormed()}…`;
}

function constructorOf(code: ErrorCode): (message: string, options?: PlinthErrorOptions) => PlinthError {
  return (message, options) => new PlinthError(code, message, options);
}
