import { create, type DescMessage, type DescMethod, type DescService, type Message } from "@bufbuild/protobuf";
import { type ErrorCode, PlinthError } from "../base/errors.ts";
import { runInContext } from "../base/request-context.ts";
import { HTTP_STATUS } from "../http/envelope.ts";
import type { ServiceIdentity, UserTokens } from "../identity/identity.ts";
import type { Logger } from "../logging/logger.ts";
import type { Matrix } from "../matrix/matrix.ts";
import type { CallInstruments } from "../telemetry/call-instruments.ts";
import { admit } from "./admission.ts";
import { type Call, deadlinePassed } from "./call.ts";
import type { Handlers } from "./handlers.ts";
import { type IdempotencyStore, keyOf, once, takesKeys } from "./idempotency.ts";
import { type KeyHolder, keyHolderOf } from "./key-holder.ts";
import { checkOf, type MessageCheck, RuleViolations } from "./validation.ts";

/** What every call passes through, whatever protocol brought it. */
export interface ChainParts {
  /** The module that serves. */
  readonly module: string;
  readonly identity: ServiceIdentity;
  readonly matrix: Matrix;
  /** Verifies end users' tokens; where it is absent a call that carries one is refused. */
  readonly userTokens?: UserTokens | undefined;
  readonly logger: Logger;
  /** Metrics and tracing, by `createCallInstruments`. */
  readonly instruments?: { forMethod(method: DescMethod): CallInstruments } | undefined;
  /** Where it is absent, keys are not looked at. */
  readonly idempotency?: IdempotencyStore | undefined;
  /** The deadline of a unary call that came without one. */
  readonly defaultTimeoutMs: number;
  /** Told, in the call's context, of each call that identity or matrix refused. Must not throw or wait. */
  readonly onRefused?: ((method: string, error: PlinthError) => void) | undefined;
}

/** What a module asks of every request beyond the rules in its protos. Throws to refuse. */
export type RequestCheck = (schema: DescMessage, request: Message) => void;

/** A service and what serves it. */
export interface RpcService<S extends DescService = DescService> {
  readonly service: S;
  readonly handlers: Handlers<S>;
  /** Runs before anything of the request is kept: before its Idempotency-Key is looked at, too. */
  readonly check?: RequestCheck | undefined;
  /** Local names of methods that keep Idempotency-Keys with what they make, and answer repeated calls themselves. */
  readonly ownKeys?: readonly string[] | undefined;
}

/** How a transport reads its request and writes its answer; both run inside the chain, so that their failures are answered like any other. */
export interface Codec<Raw, Out> {
  decode(raw: Raw, call: Call): Message;
  encode(answer: Message, call: Call): Out;
  /** Names the fields of broken rules as the client wrote them. */
  explain(violations: RuleViolations, raw: Raw): PlinthError;
}

type AnyHandler = (request: Message, call: Call) => unknown;

/** A method with all that can be known before its first call. */
export class PreparedMethod {
  readonly descriptor: DescMethod;
  /** `plinth.blog.v1.BlogService/GetPost`: the matrix's and the metrics' name for it. */
  readonly key: string;
  /** The module that serves it. */
  readonly module: string;
  readonly #parts: ChainParts;
  readonly #handler: AnyHandler;
  readonly #check: MessageCheck | undefined;
  readonly #instruments: CallInstruments | undefined;
  readonly #keys: IdempotencyStore | undefined;
  readonly #holderOf: KeyHolder;

  constructor(descriptor: DescMethod, handler: AnyHandler, parts: ChainParts, check?: RequestCheck) {
    this.descriptor = descriptor;
    this.key = `${descriptor.parent.typeName}/${descriptor.name}`;
    this.module = parts.module;
    this.#parts = parts;
    this.#handler = handler;
    this.#check = bothOf(checkOf(descriptor.input), check === undefined ? undefined : (request) => check(descriptor.input, request));
    this.#instruments = parts.instruments?.forMethod(descriptor);
    this.#keys = takesKeys(descriptor) ? parts.idempotency : undefined;
    this.#holderOf = keyHolderOf(descriptor);
  }

  /**
   * Runs a unary call. Answers at once, without a promise, where nothing had to be waited for. What it throws is a
   * `PlinthError` that may go to the caller after `publicError`.
   * @param remainingMs what the caller gives the call; undefined takes the default.
   */
  unary<Raw, Out>(call: Call, remainingMs: number | undefined, raw: Raw, codec: Codec<Raw, Out>): Out | Promise<Out> {
    this.#begin(call, remainingMs ?? this.#parts.defaultTimeoutMs);
    let answer: Out | Promise<Out>;
    try {
      answer = runInContext(call, runUnary<Raw, Out>, this, call, raw, codec);
    } catch (thrown) {
      throw this.#failed(call, thrown, raw, codec);
    }
    if (!(answer instanceof Promise)) {
      this.#ended(call, "OK");
      return answer;
    }
    return this.#awaited(call, answer, raw, codec);
  }

  /** Runs a server-streaming call; it has a deadline only if its caller gave one. */
  async *stream<Raw, Out>(call: Call, remainingMs: number | undefined, raw: Raw, codec: Codec<Raw, Out>): AsyncGenerator<Out, void> {
    this.#begin(call, remainingMs);
    let messages: AsyncIterator<unknown> | undefined;
    let done = false;
    const interrupted = new Promise<never>((_resolve, reject) => call.onInterrupt(reject));
    interrupted.catch(() => undefined);
    try {
      const start = runInContext(call, openStream, this, call, raw, codec as Codec<unknown, unknown>);
      messages = start instanceof Promise ? await Promise.race([start, interrupted]) : start;
      for (;;) {
        const step = await Promise.race([runInContext(call, nextOf, messages), interrupted]);
        if (step.done === true) break;
        yield codec.encode(create(this.descriptor.output, step.value as Message), call);
      }
      done = true;
      call.settle();
      this.#ended(call, "OK");
    } catch (thrown) {
      done = true;
      throw this.#failed(call, thrown, raw, codec);
    } finally {
      // Reached with `done` unset when the transport stops reading: its client is gone.
      if (!done) this.#failed(call, callerGone(), raw, codec);
      call.settle();
      // Not awaited: a generator that hangs in an await of its own would hold the answer back.
      if (messages?.return !== undefined) void Promise.resolve(runInContext(call, endOf, messages)).catch(() => undefined);
    }
  }

  /** Identity, matrix and user; a promise only where a token was not seen before. */
  admit(call: Call): void | Promise<void> {
    if (call.deadline !== undefined && call.deadline <= Date.now()) throw deadlinePassed();
    return admit(this.#parts, call, this.key);
  }

  /** Decoding, validation and handler. */
  perform<Raw, Out>(call: Call, raw: Raw, codec: Codec<Raw, Out>): Out | Promise<Out> {
    const request = codec.decode(raw, call);
    this.#check?.(request);
    const key = this.#keys === undefined ? undefined : keyOf(call);
    const holder = key === undefined ? undefined : this.#holderOf(call, request);
    const answer =
      key === undefined || holder === undefined || this.#keys === undefined
        ? this.#handler(request, call)
        : once(this.#keys, this.#parts.logger, call, { key, holder }, request, () => this.#finished(request, call));
    if (answer instanceof Promise) return answer.then((message) => codec.encode(create(this.descriptor.output, message), call));
    return codec.encode(create(this.descriptor.output, answer as Message), call);
  }

  open(call: Call, request: Message): AsyncIterator<unknown> {
    this.#check?.(request);
    return (this.#handler(request, call) as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  }

  async #finished(request: Message, call: Call): Promise<Message> {
    return create(this.descriptor.output, (await this.#handler(request, call)) as Message);
  }

  #begin(call: Call, ms: number | undefined): void {
    if (ms !== undefined) call.limitTo(ms);
    if (this.#instruments !== undefined) call.span = this.#instruments.startSpan(call.protocol, call.header("traceparent"));
  }

  #awaited<Raw, Out>(call: Call, answer: Promise<Out>, raw: Raw, codec: Codec<Raw, Out>): Promise<Out> {
    return new Promise<Out>((resolve, reject) => {
      let settled = false;
      const fail = (thrown: unknown) => {
        if (settled) return;
        settled = true;
        call.settle();
        reject(this.#failed(call, thrown, raw, codec));
      };
      call.onInterrupt(fail);
      answer.then((out) => {
        if (settled) return;
        settled = true;
        call.settle();
        this.#ended(call, "OK");
        resolve(out);
      }, fail);
    });
  }

  #failed<Raw, Out>(call: Call, thrown: unknown, raw: Raw, codec: Codec<Raw, Out>): PlinthError {
    // A handler that fails because its call was aborted says so in many ways; the abort is the truth.
    const error = thrown instanceof RuleViolations ? codec.explain(thrown, raw) : (call.abortedBy ?? PlinthError.from(thrown));
    if (HTTP_STATUS[error.code] >= 500 && error.reason !== CALLER_GONE) {
      runInContext(call, logFailure, this.#parts.logger, this.key, error);
    }
    // Admission sets the caller; without one it was admission that refused.
    if (call.caller === undefined && (error.code === "UNAUTHORIZED" || error.code === "FORBIDDEN") && this.#parts.onRefused !== undefined) {
      runInContext(call, this.#parts.onRefused, this.key, error);
    }
    this.#ended(call, error.code);
    return error;
  }

  #ended(call: Call, code: "OK" | ErrorCode): void {
    const seconds = (performance.now() - call.startedAt) / 1000;
    this.#parts.logger.debug("call ended", { method: this.key, protocol: call.protocol, code, seconds });
    if (this.#instruments === undefined) return;
    this.#instruments.record(call.protocol, code, seconds);
    call.span?.end(code);
  }
}

const CALLER_GONE = "CANCELLED";

/** The error of a call whose caller went away; nobody reads it but the metrics. */
export function callerGone(): PlinthError {
  return new PlinthError("TIMEOUT", "The caller went away.", { reason: CALLER_GONE });
}

/** A service that every transport can call. */
export interface PreparedService {
  readonly service: DescService;
  readonly methods: readonly PreparedMethod[];
}

/** All methods of a service, ready to be called. Throws where a handler is missing. */
export function prepareService({ service, handlers, check, ownKeys = [] }: RpcService, parts: ChainParts): PreparedService {
  const unknown = ownKeys.find((name) => !(name in service.method));
  if (unknown !== undefined) throw new Error(`${service.typeName} has no method ${unknown} that could keep keys itself.`);
  const table = handlers as Record<string, AnyHandler | undefined>;
  const methods = service.methods.map((method) => {
    if (method.methodKind !== "unary" && method.methodKind !== "server_streaming") {
      throw new Error(`${service.typeName}/${method.name} is ${method.methodKind}: only unary and server-streaming methods are served.`);
    }
    const handler = table[method.localName];
    if (handler === undefined) throw new Error(`${service.typeName} has no handler for ${method.localName}.`);
    const keys = ownKeys.includes(method.localName) ? undefined : parts.idempotency;
    return new PreparedMethod(method, handler.bind(handlers), { ...parts, idempotency: keys }, check);
  });
  return { service, methods };
}

function bothOf(first: MessageCheck | undefined, second: MessageCheck | undefined): MessageCheck | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return (message) => {
    first(message);
    second(message);
  };
}

function runUnary<Raw, Out>(method: PreparedMethod, call: Call, raw: Raw, codec: Codec<Raw, Out>): Out | Promise<Out> {
  const admission = method.admit(call);
  if (admission === undefined) return method.perform(call, raw, codec);
  return admission.then(() => method.perform(call, raw, codec));
}

function openStream(method: PreparedMethod, call: Call, raw: unknown, codec: Codec<unknown, unknown>) {
  const admission = method.admit(call);
  if (admission === undefined) return method.open(call, codec.decode(raw, call));
  return admission.then(() => method.open(call, codec.decode(raw, call)));
}

function nextOf(messages: AsyncIterator<unknown>): Promise<IteratorResult<unknown>> {
  return messages.next();
}

function endOf(messages: AsyncIterator<unknown>): Promise<unknown> | undefined {
  return messages.return?.();
}

function logFailure(logger: Logger, method: string, error: PlinthError): void {
  logger.error("call failed", { method, code: error.code, reason: error.reason, error: error.cause ?? error });
}
