import { badRequest, PlinthError, timeout, unavailable } from "../base/errors.ts";

/** The SQLSTATE or the system's code (`ECONNREFUSED`) of an error from pg or TypeORM; empty where there is none. */
export function databaseErrorCode(error: unknown): string {
  return isObject(error) && typeof error.code === "string" ? error.code : "";
}

/**
 * For a `catch` around an insert or update: the error `refusal` gives for the constraint that was violated, else the
 * error as it came. `throw onUniqueViolation(error, (constraint) => conflict(…))`.
 */
export function onUniqueViolation(error: unknown, refusal: (constraint: string) => PlinthError | undefined): unknown {
  if (databaseErrorCode(error) !== "23505") return error;
  const constraint = isObject(error) ? String(error.constraint) : "";
  return refusal(constraint) ?? error;
}

/** Two transactions got in each other's way; the same work may well pass next time. */
export function isSerializationFailure(error: unknown): boolean {
  const code = databaseErrorCode(error);
  return code === "40001" || code === "40P01";
}

/** A kept statement answers other columns than when it was parsed: a migration has changed its table meanwhile. Parsed anew, it runs. */
export function isStalePlan(error: unknown): boolean {
  return databaseErrorCode(error) === "0A000" && isObject(error) && error.routine === "RevalidateCachedQuery";
}

const CONNECTION_CODES = new Set([
  ...["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH"],
  // Shut down by an administrator, crashed, starting up, out of connections.
  ...["57P01", "57P02", "57P03", "53300"],
]);

/** pg and its pool give these errors no code. */
const CONNECTION_MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed)/;

/** The database could not be reached, or went away. */
export function isConnectionFailure(error: unknown): boolean {
  const code = databaseErrorCode(error);
  if (code !== "") return CONNECTION_CODES.has(code) || code.startsWith("08");
  if (!isObject(error)) return false;
  // Several addresses of one host were tried.
  if (Array.isArray(error.errors)) return error.errors.some(isConnectionFailure);
  return typeof error.message === "string" && CONNECTION_MESSAGES.test(error.message);
}

/** U+0000 in a text or in jsonb: our strings are well-formed otherwise, so it is the one character that Postgres refuses. */
const UNSTORABLE_CODES = new Set(["22021", "22P05"]);

/** What a failed transaction throws on: our own errors for what the caller can act on, anything else as it came. */
export function toTransactionError(error: unknown): unknown {
  if (error instanceof PlinthError) return error;
  if (isConnectionFailure(error)) return unavailable("The database cannot be reached.", { cause: error, retryAfterSeconds: 1 });
  if (UNSTORABLE_CODES.has(databaseErrorCode(error))) {
    return badRequest("A text holds the character U+0000, which cannot be stored.", { reason: "UNSTORABLE_TEXT", cause: error });
  }
  if (databaseErrorCode(error) === "57014") return timeout("The database did not answer in time.", { cause: error });
  // TypeORM keeps the values of the statement on its error; they may be personal and must not reach a log.
  if (isObject(error) && "parameters" in error) error.parameters = undefined;
  return error;
}

/** Not `instanceof Error`: the errors of sockets may come from another realm, such as outside a test's sandbox. */
function isObject(error: unknown): error is Record<string, unknown> {
  return typeof error === "object" && error !== null;
}
