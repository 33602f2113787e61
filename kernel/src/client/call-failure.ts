import { status as Status, type StatusObject } from "@grpc/grpc-js";
import { dependencyFailed, internal, PlinthError, timeout, unavailable } from "../base/errors.ts";
import type { Outcome } from "../resilience/circuit-breaker.ts";
import { codeOfStatus, decodeStatusDetails } from "../status/status-details.ts";
import type { InstanceOutcome } from "./instance-channel.ts";

/** A failed try: what the caller is told, and what it says of the callee. */
export interface CallFailure {
  readonly error: PlinthError;
  /** The callee has seen nothing of it: trying again cannot do anything twice. */
  readonly unsent: boolean;
  readonly breaker: Outcome;
  readonly instance: InstanceOutcome;
}

/** How grpc-js begins the text of a call that found no connection; a test on a real socket watches over it. */
const NO_CONNECTION = "No connection established";

const DETAILS = "grpc-status-details-bin";

/** Reads the status a try ended with; what the transport says on its own goes into the cause, for it names addresses. */
export function callFailure(callee: string, method: string, { code, details, metadata }: StatusObject): CallFailure {
  const bytes = metadata.get(DETAILS)[0];
  if (bytes !== undefined && typeof bytes !== "string") {
    const error = decodeStatusDetails(bytes, code, details);
    return { error, unsent: false, breaker: breakerOutcome(error), instance: "healthy" };
  }
  const options = { metadata: { module: callee, method }, cause: new Error(`${Status[code] ?? code}: ${details}`) };
  switch (code) {
    case Status.UNAVAILABLE: {
      const unsent = details.startsWith(NO_CONNECTION);
      const error = unavailable(`Module ${callee} cannot be reached.`, { ...options, reason: "CALLEE_UNREACHABLE" });
      return { error, unsent, breaker: "failure", instance: unsent ? "unreachable" : "failing" };
    }
    case Status.DEADLINE_EXCEEDED:
      return {
        error: timeout(`Module ${callee} did not answer in time.`, options),
        unsent: false,
        breaker: "failure",
        instance: "failing",
      };
    case Status.CANCELLED:
      return {
        error: unavailable(`Module ${callee} broke the call off.`, options),
        unsent: false,
        breaker: "failure",
        instance: "failing",
      };
    // The two that no later try can mend.
    case Status.UNIMPLEMENTED: {
      const error = internal(`Module ${callee} does not have ${method}.`, { ...options, reason: "UNIMPLEMENTED" });
      return { error, unsent: true, breaker: "success", instance: "healthy" };
    }
    case Status.RESOURCE_EXHAUSTED: {
      const error = internal(`A message of ${method} of module ${callee} is too large.`, { ...options, reason: "MESSAGE_TOO_LARGE" });
      return { error, unsent: false, breaker: "success", instance: "healthy" };
    }
    default: {
      const refusal = codeOfStatus(code);
      if (refusal !== "INTERNAL_ERROR") {
        const error = new PlinthError(refusal, `Module ${callee} refused ${method}.`, options);
        return { error, unsent: false, breaker: "success", instance: "healthy" };
      }
      const error = dependencyFailed(`The call of ${method} of module ${callee} failed.`, options);
      return { error, unsent: false, breaker: "failure", instance: "failing" };
    }
  }
}

/** A refusal that is right says that the callee works; that it is busy says neither. */
function breakerOutcome(error: PlinthError): Outcome {
  switch (error.code) {
    case "SERVICE_UNAVAILABLE":
    case "DEPENDENCY_FAILED":
    case "INTERNAL_ERROR":
    case "TIMEOUT":
      return "failure";
    case "RATE_LIMITED":
      return "neutral";
    default:
      return "success";
  }
}

/** The error of a call whose caller gave up, by the reason its signal has. */
export function abortError(reason: unknown): PlinthError {
  if (reason instanceof PlinthError) return reason;
  if (reason instanceof DOMException && reason.name === "TimeoutError") return timeout("The deadline passed.", { cause: reason });
  return timeout("The call was given up.", { reason: "CANCELLED", cause: reason });
}
