import type { IncomingMessage, ServerResponse } from "node:http";
import type { Message } from "@bufbuild/protobuf";
import type { HttpBody } from "@plinth/proto/google/api/httpbody_pb";
import { badRequest, PlinthError } from "../../base/errors.ts";
import { METHOD_NOT_ALLOWED, successEnvelopeText, UNSUPPORTED_MEDIA_TYPE } from "../../http/envelope.ts";
import { readBody } from "../../http/read-body.ts";
import { writeError, writeJson } from "../../http/write-answer.ts";
import { Call, type CallReader, parseDeadline } from "../call.ts";
import { type Codec, callerGone, type PreparedMethod, type PreparedService } from "../method-pipeline.ts";
import { bindingsOf, RAW_BODY, takesFile } from "./http-rules.ts";
import { setHeaders } from "./response-headers.ts";
import { createRestCodec, type RestRequest } from "./rest-codec.ts";
import { RouteTable } from "./route-table.ts";
import { writeRawStream } from "./write-raw-stream.ts";
import { writeStream } from "./write-stream.ts";

interface RestRoute {
  readonly method: PreparedMethod;
  readonly takes: "nothing" | "json" | "file";
  readonly streams: boolean;
  readonly codec: Codec<RestRequest, string>;
  /** Set where the messages of the stream are the bytes of one body. */
  readonly rawCodec: Codec<RestRequest, HttpBody> | undefined;
}

/** Answers true when the path is one of its own, whatever the answer. */
export type RestHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

/** Serves the `google.api.http` paths of `services`, one way in for all of them. */
export function createRestHandler(services: readonly PreparedService[], maxBodyBytes: number): RestHandler {
  const table = new RouteTable<RestRoute>();
  for (const { methods } of services) {
    for (const method of methods) {
      for (const binding of bindingsOf(method.descriptor)) {
        const codec = createRestCodec(method.descriptor, binding);
        const streams = method.descriptor.methodKind === "server_streaming";
        const raw = streams && method.descriptor.output.typeName === RAW_BODY;
        const rawCodec = raw ? { ...codec, encode: (answer: Message) => answer as HttpBody } : undefined;
        const takes = binding.body === undefined ? "nothing" : takesFile(binding) ? "file" : "json";
        table.add(binding.httpMethod, binding.template, { method, takes, streams, codec, rawCodec });
      }
    }
  }
  return (request, response) => {
    const url = request.url ?? "/";
    const mark = url.indexOf("?");
    const path = mark === -1 ? url : url.slice(0, mark);
    const httpMethod = request.method === "HEAD" ? "GET" : (request.method ?? "GET");
    const match = table.find(httpMethod, path);
    if (match === undefined) return false;
    if ("allowed" in match) {
      refuseMethod(request, response, match.allowed);
      return true;
    }
    const { route, segments } = match;
    const query = mark === -1 ? "" : url.slice(mark + 1);
    if (route.takes === "nothing") {
      serve(route, request, response, { segments, query, body: undefined, contentType: "", json: undefined });
      return true;
    }
    const refusal = encodingFault(request) ?? (route.takes === "json" ? mediaFault(request) : undefined);
    if (refusal !== undefined) {
      writeError(request, response, refusal);
      return true;
    }
    readBody(request, maxBodyBytes, (error, body) => {
      const contentType = request.headers["content-type"] ?? "";
      if (error === undefined) serve(route, request, response, { segments, query, body, contentType, json: undefined });
      else writeError(request, response, error);
    });
    return true;
  };
}

const reader: CallReader<IncomingMessage> = {
  get(request, name) {
    const value = request.headers[name];
    return typeof value === "string" ? value : value?.join(", ");
  },
  all(request) {
    const headers = new Headers();
    for (const [name, value] of Object.entries(request.headers)) {
      if (typeof value === "string") headers.append(name, value);
      else for (const one of value ?? []) headers.append(name, one);
    }
    return headers;
  },
  peer: (request) => request.socket.remoteAddress,
};

function serve(route: RestRoute, request: IncomingMessage, response: ServerResponse, raw: RestRequest): void {
  const { method, codec, rawCodec } = route;
  const call = new Call(method.descriptor, method.module, "rest", reader, request);
  const remaining = parseDeadline(reader.get(request, "x-deadline-ms"));
  if (route.streams) {
    endWithClient(call, response);
    if (rawCodec === undefined) void writeStream(call, request, response, method.stream(call, remaining, raw, codec));
    else void writeRawStream(call, request, response, method.stream(call, remaining, raw, rawCodec));
    return;
  }
  let answer: string | Promise<string>;
  try {
    answer = method.unary(call, remaining, raw, codec);
  } catch (error) {
    fail(call, request, response, error);
    return;
  }
  if (answer instanceof Promise) {
    endWithClient(call, response);
    answer.then(
      (text) => succeed(call, request, response, text),
      (error) => fail(call, request, response, error),
    );
  } else {
    succeed(call, request, response, answer);
  }
}

function succeed(call: Call, request: IncomingMessage, response: ServerResponse, text: string): void {
  setHeaders(call, response);
  if (call.restStatus === 204) response.writeHead(204).end();
  else writeJson(request, response, call.restStatus, successEnvelopeText(text, call.requestId));
}

function fail(call: Call, request: IncomingMessage, response: ServerResponse, error: unknown): void {
  setHeaders(call, response);
  writeError(request, response, PlinthError.from(error));
}

function endWithClient(call: Call, response: ServerResponse): void {
  response.once("close", () => {
    if (!response.writableFinished) call.abort(callerGone());
  });
}

function encodingFault(request: IncomingMessage): PlinthError | undefined {
  const encoding = request.headers["content-encoding"];
  if (encoding === undefined || encoding === "identity") return undefined;
  return badRequest(`A body with content-encoding ${encoding} is not read here.`, { reason: UNSUPPORTED_MEDIA_TYPE });
}

/** Where no file is expected, only JSON is read. */
function mediaFault(request: IncomingMessage): PlinthError | undefined {
  const type = request.headers["content-type"];
  if (type === undefined || JSON_TYPE.test(type)) return undefined;
  return badRequest("The body must be application/json.", { reason: UNSUPPORTED_MEDIA_TYPE });
}

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;\s*charset="?utf-?8"?\s*)?$/i;

function refuseMethod(request: IncomingMessage, response: ServerResponse, allowed: readonly string[]): void {
  const methods = allowed.includes("GET") ? [...allowed, "HEAD", "OPTIONS"] : [...allowed, "OPTIONS"];
  response.setHeader("allow", methods.join(", "));
  if (request.method === "OPTIONS") {
    response.writeHead(204).end();
    return;
  }
  writeError(
    request,
    response,
    badRequest(`${request.method} is not possible here, but ${methods.join(", ")} is.`, { reason: METHOD_NOT_ALLOWED }),
  );
}
