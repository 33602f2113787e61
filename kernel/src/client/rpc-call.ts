import { type InterceptingListener, type Metadata, status as Status, type StatusObject } from "@grpc/grpc-js";
import { PlinthError, rateLimited, timeout, unavailable } from "../base/errors.ts";
import { currentContext, type RequestContext } from "../base/request-context.ts";
import { earlierDeadline } from "../resilience/deadline.ts";
import { isTransient, retryDelayMs } from "../resilience/retry.ts";
import type { TraceSpan } from "../telemetry/tracing.ts";
import { abortError, type CallFailure, callFailure } from "./call-failure.ts";
import { callMetadata } from "./call-metadata.ts";
import type { CallOptions } from "./client.ts";
import type { ChannelCall, InstanceChannel, InstanceOutcome } from "./instance-channel.ts";
import type { MethodTarget } from "./method-target.ts";

/** Who waits for the call. `end` comes once, after all messages. */
export interface CallSink {
  message(bytes: Buffer): void;
  end(error: PlinthError | undefined): void;
}

/**
 * One call with all its tries. It listens to grpc-js and to the abort signals itself, so that a call costs one object and no closures.
 * A try after the first message would give messages twice, so there is none.
 */
export class RpcCall implements InterceptingListener {
  readonly #target: MethodTarget;
  readonly #sink: CallSink;
  readonly #request: Buffer;
  readonly #options: CallOptions | undefined;
  readonly #context: RequestContext | undefined;
  readonly #startedAt: number;
  /** Epoch milliseconds for the call as a whole. */
  readonly #deadline: number | undefined;
  readonly #span: TraceSpan | undefined;
  #attempt = 0;
  #ticket = -1;
  #channel: InstanceChannel | undefined = undefined;
  #call: ChannelCall | undefined = undefined;
  #wantsMessage = true;
  #received = false;
  #isInside = false;
  #isImpatient = false;
  #ended = false;
  #lastError: PlinthError | undefined = undefined;
  #cancelWait: (() => void) | undefined = undefined;

  constructor(target: MethodTarget, request: Buffer, options: CallOptions | undefined, sink: CallSink) {
    const { clock, tracing } = target.callee;
    this.#target = target;
    this.#request = request;
    this.#options = options;
    this.#sink = sink;
    this.#context = currentContext();
    this.#startedAt = clock.elapsed();
    this.#deadline = earlierDeadline(
      this.#context?.deadline,
      options?.timeoutMs === undefined ? undefined : clock.now() + options.timeoutMs,
    );
    this.#span = tracing?.startSpan("client", target.name, this.#context?.trace, target.spanAttributes);
  }

  start(): void {
    const { bulkhead, budget, name } = this.#target.callee;
    const aborted = this.#abortedSignal();
    if (aborted !== undefined) {
      this.#end(abortError(aborted.reason));
      return;
    }
    if (this.#deadline !== undefined && this.#deadline <= this.#target.callee.clock.now()) {
      this.#end(timeout("The deadline passed before the call was made."));
      return;
    }
    if (!bulkhead.tryEnter()) {
      this.#end(this.#refused(`Too many calls to module ${name} are running.`, "BULKHEAD_FULL", 1));
      return;
    }
    this.#isInside = true;
    this.#context?.signal.addEventListener("abort", this);
    this.#options?.signal?.addEventListener("abort", this);
    budget.deposit();
    this.#try();
  }

  /** The sink takes another message. */
  read(): void {
    if (this.#call === undefined) this.#wantsMessage = true;
    else this.#call.startRead();
  }

  /** The caller wants no more of it. */
  cancel(error: PlinthError): void {
    if (this.#ended) return;
    const call = this.#call;
    this.#finishTry("neutral", "unknown");
    this.#end(error);
    call?.cancelWithStatus(Status.CANCELLED, "The caller gave up.");
  }

  /** An abort of the caller's signal, or of that of the work it is part of. */
  handleEvent(event: Event): void {
    this.cancel(abortError((event.target as AbortSignal).reason));
  }

  onReceiveMetadata(_metadata: Metadata): void {}

  onReceiveMessage(bytes: Buffer | null): void {
    if (this.#ended || bytes === null) return;
    this.#received = true;
    this.#sink.message(bytes);
  }

  onReceiveStatus(status: StatusObject): void {
    if (this.#ended || this.#call === undefined) return;
    if (status.code === Status.OK) {
      this.#finishTry("success", "healthy");
      this.#end(undefined);
      return;
    }
    const failure = callFailure(this.#target.callee.name, this.#target.name, status);
    const avoid = failure.instance === "healthy" ? undefined : this.#channel;
    // Who was given little time is not to blame: a client could make a callee look broken by deadlines that nobody meets.
    if (failure.error.code === "TIMEOUT" && this.#isImpatient) this.#finishTry("neutral", "unknown");
    else this.#finishTry(failure.breaker, failure.instance);
    this.#failed(failure, avoid);
  }

  #try(avoid?: InstanceChannel): void {
    const { callee, breaker } = this.#target;
    this.#attempt++;
    if (callee.limiter !== undefined && !callee.limiter.take()) {
      const error = rateLimited(`More calls to module ${callee.name} are made than its limit allows.`, {
        reason: "CALL_RATE_LIMITED",
        metadata: { module: callee.name },
        retryAfterSeconds: callee.limiter.retryInMs / 1000,
      });
      this.#end(this.#lastError ?? error);
      return;
    }
    this.#ticket = breaker.enter();
    if (this.#ticket < 0) {
      const seconds = Math.max(0.1, breaker.retryInMs / 1000);
      this.#end(this.#lastError ?? this.#refused(`Calls to module ${callee.name} fail; none is made for now.`, "CIRCUIT_OPEN", seconds));
      return;
    }
    let token: string | Promise<string>;
    try {
      token = callee.identity.tokenFor(callee.name);
    } catch (thrown) {
      this.#noToken(thrown);
      return;
    }
    if (typeof token === "string") this.#send(token, avoid);
    else
      token.then(
        (minted) => this.#send(minted, avoid),
        (thrown: unknown) => this.#noToken(thrown),
      );
  }

  #send(token: string, avoid: InstanceChannel | undefined): void {
    // While the token was made the caller may have gone.
    if (this.#ended) return;
    const { callee, path } = this.#target;
    const channel = callee.pool.pick(avoid);
    if (channel === undefined) {
      this.#finishTry("neutral", "unknown");
      const error = unavailable(`No instance of module ${callee.name} is known.`, {
        reason: "NO_INSTANCE",
        metadata: { module: callee.name },
      });
      this.#failed({ error, unsent: true, breaker: "neutral", instance: "unknown" }, undefined);
      return;
    }
    let metadata: Metadata;
    try {
      metadata = callMetadata(callee.caller, token, this.#context, this.#span?.context ?? this.#context?.trace, this.#options);
    } catch (thrown) {
      this.#finishTry("neutral", "unknown");
      this.#end(new PlinthError("BAD_REQUEST", "A header of the call cannot be sent.", { cause: thrown }));
      return;
    }
    const now = callee.clock.now();
    const deadline = this.#deadlineOfTry(now + callee.policy.timeoutMs);
    this.#isImpatient = deadline - now < callee.policy.timeoutMs / 2;
    const call = channel.open(path, deadline);
    this.#channel = channel;
    this.#call = call;
    call.start(metadata, this);
    if (this.#wantsMessage) call.startRead();
    call.sendMessageWithContext({}, this.#request);
    call.halfClose();
  }

  /** A stream may last as long as its caller wants; only what is said for the call bounds it. */
  #deadlineOfTry(tryDeadline: number): number {
    if (this.#target.method.methodKind !== "unary") return this.#deadline ?? Number.POSITIVE_INFINITY;
    return this.#deadline === undefined ? tryDeadline : Math.min(tryDeadline, this.#deadline);
  }

  #noToken(thrown: unknown): void {
    if (this.#ended) return;
    this.#finishTry("neutral", "unknown");
    this.#end(PlinthError.from(thrown));
  }

  #finishTry(breaker: CallFailure["breaker"], instance: InstanceOutcome): void {
    if (this.#ticket >= 0) this.#target.breaker.leave(this.#ticket, breaker);
    this.#ticket = -1;
    this.#channel?.close(instance);
    this.#channel = undefined;
    this.#call = undefined;
  }

  #failed({ error, unsent }: CallFailure, avoid: InstanceChannel | undefined): void {
    const { callee, repeatable } = this.#target;
    const { retry } = callee.policy;
    const maySend = unsent || repeatable || this.#options?.idempotencyKey !== undefined;
    if (!maySend || this.#received || !isTransient(error) || this.#attempt >= retry.attempts) {
      this.#end(error);
      return;
    }
    const delayMs = retryDelayMs(this.#attempt, retry, callee.random, error.retryAfterSeconds);
    const tooLate =
      callee.clock.elapsed() - this.#startedAt + delayMs >= retry.totalMs ||
      (this.#deadline !== undefined && callee.clock.now() + delayMs >= this.#deadline);
    if (tooLate || !callee.budget.withdraw()) {
      this.#end(error);
      return;
    }
    this.#lastError = error;
    this.#target.retried();
    this.#cancelWait = callee.clock.after(delayMs, () => this.#try(avoid));
  }

  #refused(message: string, reason: string, retryAfterSeconds: number): PlinthError {
    const { callee, name } = this.#target;
    return unavailable(message, { reason, metadata: { module: callee.name, method: name }, retryAfterSeconds });
  }

  #abortedSignal(): AbortSignal | undefined {
    if (this.#options?.signal?.aborted) return this.#options.signal;
    return this.#context?.signal.aborted ? this.#context.signal : undefined;
  }

  #end(error: PlinthError | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelWait?.();
    if (this.#isInside) {
      this.#target.callee.bulkhead.leave();
      this.#context?.signal.removeEventListener("abort", this);
      this.#options?.signal?.removeEventListener("abort", this);
    }
    const code = error?.code ?? "OK";
    this.#target.record(code, (this.#target.callee.clock.elapsed() - this.#startedAt) / 1000);
    this.#span?.end(code);
    this.#sink.end(error);
  }
}
