import type { ServiceError } from "@grpc/grpc-js";
import type { PlinthError } from "@plinth/kernel/base";
import { decodeStatusDetails } from "@plinth/kernel/status";

const DETAILS = "grpc-status-details-bin";

/** What a server said in refusing a call, with reason, metadata and field errors. */
export function failureOf(error: Error): PlinthError {
  const { code, details, metadata } = error as ServiceError;
  const [bytes] = metadata?.get(DETAILS) ?? [];
  return decodeStatusDetails(typeof bytes === "string" ? undefined : bytes, code ?? 2, details ?? error.message);
}
