/** Limits of the HTTP port. */
export interface HttpLimits {
  readonly maxBodyBytes: number;
  readonly maxHeaderBytes: number;
  /** A client has this long to send its headers, */
  readonly headersTimeoutMs: number;
  /** and this long to send all of its request. */
  readonly requestTimeoutMs: number;
  /** An idle connection is kept this long; longer than the gateway keeps its own, so that the gateway closes first. */
  readonly keepAliveMs: number;
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  maxBodyBytes: 4 * 1024 * 1024,
  // Twice what the gateway takes from clients: it adds headers of its own, and what it let in must not be refused here.
  maxHeaderBytes: 32 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  keepAliveMs: 65_000,
};

/** Which pages of other origins may call from a browser. */
export interface CorsSettings {
  /** Exact origins, or `*` alone for all (then without credentials). */
  readonly origins: readonly string[];
  /** Seconds a browser may remember a preflight's answer. */
  readonly maxAgeSeconds: number;
}
