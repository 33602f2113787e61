import { AsyncLocalStorage } from "node:async_hooks";

/** The end user on whose behalf a call runs; read from the verified access token, never from a plain header. */
export interface UserIdentity {
  readonly id: string;
  readonly email: string;
  readonly roles: readonly string[];
  readonly tenantId: string;
  readonly sessionId: string;
  /** The access token itself, forwarded on calls to other modules. */
  readonly token: string;
}

/** The span at hand, as W3C trace context carries it: children and calls to other modules name it as their parent. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Whether this trace is recorded; decided where it began. */
  readonly sampled: boolean;
}

/** What is known about the work at hand: a request, the handling of an event, or a job. */
export interface RequestContext {
  readonly requestId: string;
  /** W3C trace id, 32 hex digits; empty where tracing is off. */
  readonly traceId: string;
  /** The current span, for `startSpan` and for `traceparent` on calls. Absent where nothing is traced. */
  readonly trace?: TraceContext | undefined;
  /** The module whose service is working. */
  readonly module: string;
  /** The module that called, by its verified service token. */
  readonly caller?: string | undefined;
  readonly user?: UserIdentity | undefined;
  /** Whose rows are visible. `default` where nothing says otherwise. */
  readonly tenantId: string;
  /** Aborts at the deadline or when the caller goes away. */
  readonly signal: AbortSignal;
  /** Epoch milliseconds. */
  readonly deadline?: number | undefined;
  /** The end user's address and agent as the gateway saw them; for audit entries and session lists. */
  readonly clientAddress?: string | undefined;
  readonly userAgent?: string | undefined;
  /**
   * Runs in each writing transaction of this work, right before its commit: whoever lets the work happen only once notes there that it did. A
   * rejection rolls back.
   */
  readonly beforeEachCommit?: ((tx: SqlRunner) => Promise<void>) | undefined;
}

/** Something that runs SQL; in one transaction or outside of any, as whoever gives it says. */
export interface SqlRunner {
  query(sql: string, parameters: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
}

export const DEFAULT_TENANT = "default";

/** What the id of a tenant looks like. `*` means all tenants to the database: it is no tenant's id, and neither is anything like it. */
export const TENANT_ID = /^[\w.-]{1,128}$/;

const storage = new AsyncLocalStorage<RequestContext>();

/**
 * Runs `work` with `context` as what `currentContext` answers in it and all it awaits. `args` are handed on, so that a
 * hot path needs no closure.
 */
export function runInContext<T, A extends unknown[]>(context: RequestContext, work: (...args: A) => T, ...args: A): T {
  return storage.run(context, work, ...args);
}

export function currentContext(): RequestContext | undefined {
  return storage.getStore();
}
