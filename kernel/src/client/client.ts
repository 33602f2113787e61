import type { DescMethod, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";

export interface CallOptions {
  /** Shortens the deadline of this call; the caller's own deadline always bounds it. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** Makes a creating call safe to retry. */
  idempotencyKey?: string;
  headers?: Record<string, string>;
}

/** Unary methods answer a promise, server streams an async iterable; failures are `PlinthError`s with the callee's code and reason. */
export type Client<S extends DescService> = {
  [K in keyof S["method"]]: S["method"][K] extends DescMethod
    ? S["method"][K]["methodKind"] extends "server_streaming"
      ? (request: MessageInitShape<S["method"][K]["input"]>, options?: CallOptions) => AsyncIterable<MessageShape<S["method"][K]["output"]>>
      : (request: MessageInitShape<S["method"][K]["input"]>, options?: CallOptions) => Promise<MessageShape<S["method"][K]["output"]>>
    : never;
};
