import { PlinthError } from "../base/errors.ts";
import { INTERNAL_MESSAGE } from "../http/envelope.ts";

/**
 * The error as its caller may see it: an internal one keeps its reason and loses words and facts, which only the log has.
 * Everything that leaves a server goes through here.
 */
export function publicError(error: PlinthError): PlinthError {
  return error.code === "INTERNAL_ERROR" ? new PlinthError("INTERNAL_ERROR", INTERNAL_MESSAGE, { reason: error.reason }) : error;
}
