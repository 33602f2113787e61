import { type DescMethod, fromBinary, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { dependencyFailed, type PlinthError } from "../base/errors.ts";
import type { CallOptions } from "./client.ts";
import type { MethodTarget } from "./method-target.ts";
import { type CallSink, RpcCall } from "./rpc-call.ts";

type Answer = MessageShape<DescMethod["output"]>;

/** Makes a unary call; the promise fails with a `PlinthError` only. */
export function callUnary(target: MethodTarget, request: MessageInitShape<DescMethod["input"]>, options?: CallOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    new RpcCall(target, target.encode(request), options, new UnarySink(target, resolve, reject)).start();
  });
}

class UnarySink implements CallSink {
  readonly #target: MethodTarget;
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (error: PlinthError) => void;
  #bytes: Buffer | undefined = undefined;

  constructor(target: MethodTarget, resolve: (answer: Answer) => void, reject: (error: PlinthError) => void) {
    this.#target = target;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  message(bytes: Buffer): void {
    this.#bytes = bytes;
  }

  end(error: PlinthError | undefined): void {
    if (error !== undefined) {
      this.#reject(error);
      return;
    }
    try {
      if (this.#bytes === undefined) throw new Error("There was no message.");
      this.#resolve(fromBinary(this.#target.method.output, this.#bytes));
    } catch (cause) {
      this.#reject(unreadableAnswer(this.#target, cause));
    }
  }
}

/** The callee answered with what is no message of the type that was agreed on. */
export function unreadableAnswer({ callee, name }: MethodTarget, cause: unknown): PlinthError {
  return dependencyFailed(`The answer of module ${callee.name} cannot be read.`, {
    metadata: { module: callee.name, method: name },
    cause,
  });
}
