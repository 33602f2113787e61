import type { IncomingMessage, ServerResponse } from "node:http";
import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import { Code, ConnectError, createConnectRouter, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import { badRequest, PlinthError } from "../base/errors.ts";
import type { Logger } from "../logging/logger.ts";
import { GRPC_STATUS, statusMessage, statusOfError } from "../status/status-details.ts";
import { Call, type CallReader, deadlinePassed, parseDeadline } from "./call.ts";
import { contextWith, PASSAGE, type Passage, replaceRefusal } from "./connect-refusal.ts";
import { publicError } from "./errors.ts";
import { type Codec, callerGone, type PreparedMethod, type PreparedService } from "./method-pipeline.ts";
import type { Protocol } from "./protocol.ts";

/** Answers true when the request was one for Connect or gRPC-Web. */
export type ConnectHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * Serves Connect (with GET for methods without side effects) and gRPC-Web. The adapter of connect-express does the same but prints
 * failures to the console; here they go to the logger.
 */
export function createConnectHandler(services: readonly PreparedService[], maxBytes: number, logger: Logger): ConnectHandler {
  const router = createConnectRouter({
    connect: true,
    grpcWeb: true,
    // Native gRPC has a port of its own.
    grpc: false,
    readMaxBytes: maxBytes,
    acceptCompression: [compressionGzip, compressionBrotli],
  });
  for (const { service, methods } of services) {
    const implementation = Object.fromEntries(methods.map((method) => [method.descriptor.localName, implementationOf(method)]));
    // The handlers' types were checked where the service was composed.
    router.service(service, implementation as unknown as Partial<ServiceImpl<DescService>>);
  }
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
  return (request, response) => {
    const url = request.url ?? "/";
    const query = url.indexOf("?");
    const handler = handlers.get(query === -1 ? url : url.slice(0, query));
    if (handler === undefined) return false;
    const passage: Passage = { decoded: false };
    const incoming = universalRequestFromNodeRequest(request, response, undefined, contextWith(passage));
    // A body that is refused while it comes is read to its end (or to the server's time-out) and thrown away: clients that write all
    // before they read would wait for ever, or see a reset instead of the refusal.
    response.once("finish", () => request.resume());
    handler({ ...incoming, body: { [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }) } })
      .then((answer) => (passage.decoded ? answer : replaceRefusal(answer, handler.method, malformed)))
      .then((answer) => universalResponseToNodeResponse(answer, response))
      .catch((error: unknown) => {
        if (ConnectError.from(error).code === Code.Aborted) return;
        logger.warn("connect answer not sent", { method: `${handler.service.typeName}/${handler.method.name}`, error });
        response.destroy();
      });
    return true;
  };
}

/** Connect decodes before it calls, and encodes what it is given. */
const CODEC: Codec<Message, Message> = {
  decode: (request) => request,
  encode: (answer) => answer,
  explain: (violations) => violations.toPlinthError(),
};

function implementationOf(method: PreparedMethod) {
  if (method.descriptor.methodKind === "server_streaming") {
    return async function* (request: Message, context: HandlerContext): AsyncGenerator<Message> {
      const call = callOf(method, context);
      try {
        let first = true;
        for await (const message of method.stream(call, remainingOf(context), request, CODEC)) {
          if (first) copyHeaders(call, context);
          first = false;
          yield message;
        }
        if (first) copyHeaders(call, context);
      } catch (error) {
        throw connectErrorOf(PlinthError.from(error));
      }
    };
  }
  return async (request: Message, context: HandlerContext): Promise<Message> => {
    const call = callOf(method, context);
    try {
      return await method.unary(call, remainingOf(context), request, CODEC);
    } catch (error) {
      throw connectErrorOf(PlinthError.from(error));
    } finally {
      copyHeaders(call, context);
    }
  };
}

const reader: CallReader<HandlerContext> = {
  get: (context, name) => context.requestHeader.get(name) ?? undefined,
  all: (context) => context.requestHeader,
  // The gateway says whose call it is; Connect does not hand the socket on.
  peer: () => undefined,
};

function callOf(method: PreparedMethod, context: HandlerContext): Call<HandlerContext> {
  context.values.get(PASSAGE).decoded = true;
  const protocol: Protocol = context.protocolName === "connect" ? "connect" : "grpc-web";
  const call = new Call(method.descriptor, method.module, protocol, reader, context);
  const { signal } = context;
  const ended = () => {
    if (call.isSettled) return;
    call.abort(ConnectError.from(signal.reason).code === Code.DeadlineExceeded ? deadlinePassed() : callerGone());
  };
  signal.addEventListener("abort", ended, { once: true });
  return call;
}

function malformed({ input }: DescMethod): ConnectError {
  return connectErrorOf(badRequest(`The request is not a ${input.typeName}.`, { reason: "MALFORMED_MESSAGE" }));
}

/** Connect's own header, or the gateway's. */
function remainingOf(context: HandlerContext): number | undefined {
  const own = context.timeoutMs();
  if (own !== undefined) return own;
  return parseDeadline(context.requestHeader.get("x-deadline-ms") ?? undefined);
}

function copyHeaders(call: Call, context: HandlerContext): void {
  const headers = call.responseHeadersIfAny;
  if (headers === undefined) return;
  for (const [name, value] of headers) context.responseHeader.set(name, value);
}

/** The error as Connect and gRPC-Web send it. */
export function connectErrorOf(error: PlinthError): ConnectError {
  const shown = publicError(error);
  const connectError = new ConnectError(statusMessage(shown), GRPC_STATUS[shown.code] as Code);
  for (const { typeUrl, value } of statusOfError(shown).details) {
    connectError.details.push({ type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1), value });
  }
  if (shown.retryAfterSeconds !== undefined) connectError.metadata.set("retry-after", String(Math.ceil(shown.retryAfterSeconds)));
  return connectError;
}
