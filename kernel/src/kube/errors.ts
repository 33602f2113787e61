/** What the API server says about a failure in words a program can read. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
  readonly retryAfterSeconds?: number;
}

/** The answer of the API server to what it does not do: `kind: Status`. */
export interface StatusBody {
  readonly kind: "Status";
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: StatusDetails;
}

/** Reasons of our own, with the status 0: no answer came. */
export const UNREACHABLE = "Unreachable";
export const DEADLINE_EXCEEDED = "DeadlineExceeded";

export interface KubeErrorOptions {
  retryAfterMs?: number | undefined;
  details?: StatusDetails | undefined;
  cause?: unknown;
}

/** A request that failed: refused by the API server (`status` is that of HTTP), or never answered (`status` 0). */
export class KubeError extends Error {
  readonly status: number;
  /** `NotFound`, `Conflict`, `AlreadyExists`, `Invalid`, …; `Unreachable` and `DeadlineExceeded` when no answer came. */
  readonly reason: string;
  /** The server asked not to come back before. */
  readonly retryAfterMs: number | undefined;
  readonly details: StatusDetails | undefined;

  constructor(status: number, reason: string, message: string, options: KubeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "KubeError";
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details;
  }
}

/** Not there: the object, or its whole kind where a CRD is not installed. */
export function isNotFound(error: unknown): boolean {
  return error instanceof KubeError && error.status === 404;
}

/** Somebody else wrote meanwhile, or owns a field that is to be applied. */
export function isConflict(error: unknown): boolean {
  return error instanceof KubeError && error.status === 409 && error.reason !== "AlreadyExists";
}

export function isAlreadyExists(error: unknown): boolean {
  return error instanceof KubeError && error.status === 409 && error.reason === "AlreadyExists";
}

/** The resource version or page is no longer kept. */
export function isExpired(error: unknown): boolean {
  return error instanceof KubeError && error.status === 410;
}

/** The API server will never take this object as it is. */
export function isInvalid(error: unknown): boolean {
  return error instanceof KubeError && (error.status === 422 || error.status === 400 || isUntyped(error));
}

/** What server-side apply says of a field that the kind does not have, or that has another type: an error of its own, as it seems by the status. */
function isUntyped({ status, message }: KubeError): boolean {
  return status === 500 && message.startsWith("failed to create typed patch object");
}

/** The same request may well succeed a moment later. */
export function isTransient(error: unknown): boolean {
  return error instanceof KubeError && (error.status === 0 || error.status === 429 || error.status >= 500) && !isInvalid(error);
}

/** The error for an answer of status 400 and above. What is no `Status`, as the page of a proxy, is quoted in its beginning. */
export function errorOfAnswer(status: number, body: string, retryAfterMs?: number): KubeError {
  const parsed = parseStatus(body);
  if (parsed === undefined) {
    const quoted = body.trim().slice(0, 300);
    return new KubeError(status, reasonOf(status), quoted === "" ? `The API server answered ${status}.` : quoted, { retryAfterMs });
  }
  return errorOfStatus(parsed, status, retryAfterMs);
}

/** The error for a `Status`, from an answer or out of a watch. */
export function errorOfStatus(body: StatusBody, status = body.code ?? 500, retryAfterMs?: number): KubeError {
  const seconds = body.details?.retryAfterSeconds;
  return new KubeError(status, body.reason || reasonOf(status), body.message || `The API server answered ${status}.`, {
    retryAfterMs: retryAfterMs ?? (seconds === undefined ? undefined : seconds * 1000),
    details: body.details,
  });
}

function parseStatus(body: string): StatusBody | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === "object" && parsed !== null && "kind" in parsed && parsed.kind === "Status"
      ? (parsed as StatusBody)
      : undefined;
  } catch {
    return undefined;
  }
}

function reasonOf(status: number): string {
  switch (status) {
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "NotFound";
    case 409:
      return "Conflict";
    case 410:
      return "Expired";
    case 429:
      return "TooManyRequests";
    case 503:
      return "ServiceUnavailable";
    default:
      return status >= 500 ? "InternalError" : "BadRequest";
  }
}
