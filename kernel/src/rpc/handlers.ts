import type { DescMethod, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { RequestContext } from "../base/request-context.ts";

/** What a handler is told besides its request. The same under gRPC, gRPC-Web, Connect and REST. */
export interface CallContext extends RequestContext {
  readonly method: DescMethod;
  /** Request headers or metadata, lower-case names. */
  readonly requestHeaders: Headers;
  /** Sent with the answer, as headers or initial metadata. */
  readonly responseHeaders: Headers;
  /** The HTTP status of a successful REST answer; 200 unless a handler says 201. Other protocols have no use for it. */
  restStatus: number;
}

export type UnaryHandler<M extends DescMethod> = (
  request: MessageShape<M["input"]>,
  context: CallContext,
) => Promise<MessageInitShape<M["output"]>> | MessageInitShape<M["output"]>;

export type ServerStreamHandler<M extends DescMethod> = (
  request: MessageShape<M["input"]>,
  context: CallContext,
) => AsyncIterable<MessageInitShape<M["output"]>>;

/** One handler for each method of a service; unary and server-streaming are the kinds that all four protocols can carry. */
export type Handlers<S extends DescService> = {
  [K in keyof S["method"]]: S["method"][K] extends DescMethod
    ? S["method"][K]["methodKind"] extends "server_streaming"
      ? ServerStreamHandler<S["method"][K]>
      : UnaryHandler<S["method"][K]>
    : never;
};
