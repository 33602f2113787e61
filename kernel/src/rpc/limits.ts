import type { GrpcLimits } from "./grpc-server.ts";

/** A message or a body beyond this is refused, whatever carries it. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

export const DEFAULT_GRPC_LIMITS: GrpcLimits = {
  maxMessageBytes: MAX_MESSAGE_BYTES,
  maxConnectionAgeMs: 30 * 60_000,
  maxConnectionAgeGraceMs: 30_000,
  keepAliveMs: 30_000,
  keepAliveTimeoutMs: 10_000,
};
