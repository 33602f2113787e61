/** `degraded`: a soft dependency is down, work goes on without it. `unavailable`: send no requests here. */
export type HealthStatus = "ok" | "degraded" | "unavailable";

export interface HealthCheck {
  /** Whether the module can do nothing without it: then its failure makes the module not ready. */
  readonly hard: boolean;
  /** Resolves when all is well, throws what is wrong. `signal` aborts after `timeoutMs`. */
  check(signal: AbortSignal): Promise<void> | void;
  /** Default 3 s. */
  readonly timeoutMs?: number;
  /** How long an answer counts. Default 5 s. */
  readonly intervalMs?: number;
}

export interface CheckReport {
  readonly status: "ok" | "failed";
  readonly hard: boolean;
  /** Of the last run. */
  readonly latencyMs: number;
  /** Why it failed last, also when it is well again. */
  readonly lastError?: { readonly message: string; readonly at: string };
}

export interface HealthReport {
  readonly status: HealthStatus;
  readonly checks: Readonly<Record<string, CheckReport>>;
}

/** How a module is: for probes, for the load balancer, for people. */
export interface Health {
  /** The answer takes the check away. */
  addCheck(name: string, check: HealthCheck): () => void;
  /** Whether the process works at all; a restart helps if not. Dependencies have no say in it. */
  alive(): boolean;
  /** Whether requests should come here: set ready, and no hard check fails. */
  ready(): Promise<boolean>;
  /** Every check, run anew where its answer is too old. */
  report(): Promise<HealthReport>;
  /** False until the start is finished, and again as soon as a stop begins. */
  setReady(ready: boolean): void;
}
