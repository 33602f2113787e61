import type { DescMethod } from "@bufbuild/protobuf";
import { LONGEST_TIMER_MS } from "../base/clock.ts";
import { type PlinthError, timeout } from "../base/errors.ts";
import { DEFAULT_TENANT, type SqlRunner, type TraceContext, type UserIdentity } from "../base/request-context.ts";
import { REQUEST_ID_HEADER, usableRequestId } from "../http/request-id.ts";
import type { TraceSpan } from "../telemetry/tracing.ts";
import type { CallContext } from "./handlers.ts";
import type { Protocol } from "./protocol.ts";

/** Reads what a transport knows of a call, where the transport keeps it. One reader per transport, none per call. */
export interface CallReader<Source> {
  /** `name` is lower case. */
  get(source: Source, name: string): string | undefined;
  all(source: Source): Headers;
  /** The address at the other end of the connection. */
  peer(source: Source): string | undefined;
}

/**
 * One call on its way through the chain, and the context its handler is given. What few handlers ask for (a `Headers`
 * object, an abort signal, a request id) is made when it is asked for.
 */
export class Call<Source = unknown> implements CallContext {
  readonly method: DescMethod;
  readonly module: string;
  readonly protocol: Protocol;
  /** `performance.now()` at the beginning. */
  readonly startedAt: number = performance.now();
  restStatus = 200;
  tenantId: string = DEFAULT_TENANT;
  caller: string | undefined = undefined;
  user: UserIdentity | undefined = undefined;
  deadline: number | undefined = undefined;
  span: TraceSpan | undefined = undefined;
  beforeEachCommit: ((tx: SqlRunner) => Promise<void>) | undefined = undefined;

  #reader: CallReader<Source>;
  #source: Source;
  #requestId: string | undefined = undefined;
  #requestHeaders: Headers | undefined = undefined;
  #responseHeaders: Headers | undefined = undefined;
  #controller: AbortController | undefined = undefined;
  #aborted: PlinthError | undefined = undefined;
  #interrupt: ((error: PlinthError) => void) | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #settled = false;

  constructor(method: DescMethod, module: string, protocol: Protocol, reader: CallReader<Source>, source: Source) {
    this.method = method;
    this.module = module;
    this.protocol = protocol;
    this.#reader = reader;
    this.#source = source;
  }

  header(name: string): string | undefined {
    return this.#reader.get(this.#source, name);
  }

  get requestId(): string {
    this.#requestId ??= usableRequestId(this.header(REQUEST_ID_HEADER));
    return this.#requestId;
  }

  get traceId(): string {
    return this.span?.context.traceId ?? "";
  }

  get trace(): TraceContext | undefined {
    return this.span?.context;
  }

  get requestHeaders(): Headers {
    this.#requestHeaders ??= this.#reader.all(this.#source);
    return this.#requestHeaders;
  }

  get responseHeaders(): Headers {
    this.#responseHeaders ??= new Headers();
    return this.#responseHeaders;
  }

  /** The response headers a handler has set; undefined when none was. */
  get responseHeadersIfAny(): Headers | undefined {
    return this.#responseHeaders;
  }

  /** The gateway's word counts only when it came with a service token. */
  get clientAddress(): string | undefined {
    return (this.caller === undefined ? undefined : this.header("x-client-address")) ?? this.#reader.peer(this.#source);
  }

  get userAgent(): string | undefined {
    return (this.caller === undefined ? undefined : this.header("x-client-agent")) ?? this.header("user-agent");
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted);
    }
    return this.#controller.signal;
  }

  /** Why the call was ended early, if it was. */
  get abortedBy(): PlinthError | undefined {
    return this.#aborted;
  }

  /** Ends the call early: the deadline passed or the caller went away. The handler hears it by `signal`. */
  abort(error: PlinthError): void {
    if (this.#aborted !== undefined) return;
    this.#aborted = error;
    this.#controller?.abort(error);
    this.#interrupt?.(error);
  }

  /** Sets the deadline `ms` from now. The clock is armed when there is something to wait for. */
  limitTo(ms: number): void {
    this.deadline = Date.now() + ms;
  }

  /** Calls `interrupt` when the call is aborted, or at the deadline; at once when that is behind us. */
  onInterrupt(interrupt: (error: PlinthError) => void): void {
    this.#interrupt = interrupt;
    if (this.#aborted !== undefined) {
      interrupt(this.#aborted);
      return;
    }
    if (this.deadline !== undefined && this.#timer === undefined) {
      const ms = Math.max(0, this.deadline - Date.now());
      if (ms <= LONGEST_TIMER_MS) this.#timer = setTimeout(passDeadline, ms, this);
    }
  }

  /** Whether it has its answer: what becomes of its connection is nothing to it any more. Transports report the end of every call as one. */
  get isSettled(): boolean {
    return this.#settled;
  }

  /** Disarms the clock; nothing interrupts the call any more. */
  settle(): void {
    this.#settled = true;
    this.#interrupt = undefined;
    if (this.#timer !== undefined) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
  }
}

/** The error of a call whose time ran out. */
export function deadlinePassed(): PlinthError {
  return timeout("The deadline of the call passed before it was answered.");
}

function passDeadline(call: Call): void {
  call.abort(deadlinePassed());
}

/** `x-deadline-ms`: the milliseconds that are left. Anything else than a number is not heard. */
export function parseDeadline(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,12}$/.test(header) ? Number(header) : undefined;
}
