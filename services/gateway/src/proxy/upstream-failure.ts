import { badRequest, PlinthError, timeout, unavailable } from "@plinth/kernel/base";
import { REQUEST_TIMEOUT } from "@plinth/kernel/http";

/** Codes of failures before a byte of the request was sent: it can be tried elsewhere whatever it is. */
const NOT_SENT = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_CLOSED",
]);

export function wasNotSent(error: unknown): boolean {
  return NOT_SENT.has(codeOf(error));
}

/** What a client is told of a module that broke off; the words of the failure stay in the log. */
export function upstreamFailure(module: string, error: unknown): PlinthError {
  if (error instanceof PlinthError) return error;
  const code = codeOf(error);
  if (code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT") return deadlinePassed(module);
  return moduleUnavailable(module, error);
}

export function moduleUnavailable(module: string, cause?: unknown): PlinthError {
  return unavailable(`The module ${module} cannot be reached. Try again in a moment.`, {
    reason: "MODULE_UNAVAILABLE",
    metadata: { module },
    retryAfterSeconds: 1,
    cause,
  });
}

export function deadlinePassed(module: string): PlinthError {
  return timeout(`The module ${module} did not answer in time.`, { metadata: { module } });
}

/** The route's time is over, and the client has not sent all of its request. */
export function requestTooSlow(): PlinthError {
  return badRequest("The request did not come in time.", { reason: REQUEST_TIMEOUT });
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const code = (error as NodeJS.ErrnoException).code;
  // Happy eyeballs and the like wrap the failures of several addresses.
  if (code === undefined && error instanceof AggregateError) return codeOf(error.errors[0]);
  return code ?? "";
}
