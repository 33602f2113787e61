import { type DescMethod, fromBinary, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import type { PlinthError } from "../base/errors.ts";
import { abortError } from "./call-failure.ts";
import type { CallOptions } from "./client.ts";
import type { MethodTarget } from "./method-target.ts";
import { type CallSink, RpcCall } from "./rpc-call.ts";
import { unreadableAnswer } from "./unary-call.ts";

type Answer = MessageShape<DescMethod["output"]>;

/**
 * Makes a server-streaming call when its first message is asked for. A message is taken from the connection when the one before was taken
 * by the caller, so that a slow reader slows the sender and fills no memory. Leaving the loop ends the call.
 */
export function callServerStream(
  target: MethodTarget,
  request: MessageInitShape<DescMethod["input"]>,
  options?: CallOptions,
): AsyncIterable<Answer> {
  return {
    [Symbol.asyncIterator]() {
      return new MessageStream(target, target.encode(request), options);
    },
  };
}

interface Waiter {
  resolve(step: IteratorResult<Answer, undefined>): void;
  reject(error: PlinthError): void;
}

const DONE: IteratorResult<Answer, undefined> = { done: true, value: undefined };

class MessageStream implements AsyncIterator<Answer, undefined>, CallSink {
  readonly #target: MethodTarget;
  readonly #call: RpcCall;
  #started = false;
  #ended = false;
  #error: PlinthError | undefined = undefined;
  #waiters: Waiter[] = [];

  constructor(target: MethodTarget, request: Buffer, options: CallOptions | undefined) {
    this.#target = target;
    this.#call = new RpcCall(target, request, options, this);
  }

  next(): Promise<IteratorResult<Answer, undefined>> {
    if (this.#ended) return this.#last();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      if (!this.#started) {
        this.#started = true;
        this.#call.start();
      } else if (this.#waiters.length === 1) this.#call.read();
    });
  }

  async return(): Promise<IteratorResult<Answer, undefined>> {
    this.#error = undefined;
    const wasEnded = this.#ended;
    this.#ended = true;
    if (this.#started && !wasEnded) this.#call.cancel(abortError(new Error("The reader has left.")));
    return DONE;
  }

  message(bytes: Buffer): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) return;
    let value: Answer;
    try {
      value = fromBinary(this.#target.method.output, bytes);
    } catch (cause) {
      const error = unreadableAnswer(this.#target, cause);
      waiter.reject(error);
      this.#call.cancel(error);
      return;
    }
    waiter.resolve({ done: false, value });
    if (this.#waiters.length > 0) this.#call.read();
  }

  end(error: PlinthError | undefined): void {
    if (!this.#ended) {
      this.#ended = true;
      this.#error = error;
    }
    for (const waiter of this.#waiters.splice(0)) this.#last().then(waiter.resolve, waiter.reject);
  }

  /** The error is thrown once; who asks on gets the end. */
  #last(): Promise<IteratorResult<Answer, undefined>> {
    const error = this.#error;
    this.#error = undefined;
    return error === undefined ? Promise.resolve(DONE) : Promise.reject(error);
  }
}
