import { fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  logVerbosity,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  setLogVerbosity,
  type UntypedHandleCall,
} from "@grpc/grpc-js";
import { badRequest, PlinthError } from "../base/errors.ts";
import { bindFailure } from "../base/port-taken.ts";
import { Call } from "./call.ts";
import { type GrpcIncoming, grpcFailure, grpcReader, metadataOf } from "./grpc-metadata.ts";
import { type Codec, callerGone, type PreparedMethod, type PreparedService } from "./method-pipeline.ts";

// grpc-js prints to the console what its callers are told by errors anyway.
setLogVerbosity(logVerbosity.NONE);

/** Limits of the gRPC port. */
export interface GrpcLimits {
  /** Bytes of one message, either way. */
  readonly maxMessageBytes: number;
  /** Connections older than this are asked to go, so that load spreads over new instances. Running calls have `graceMs` to end. */
  readonly maxConnectionAgeMs: number;
  readonly maxConnectionAgeGraceMs: number;
  readonly keepAliveMs: number;
  readonly keepAliveTimeoutMs: number;
}

type Bytes = Uint8Array;

/** grpc-js hands bytes through: decoding belongs to the chain, which knows the answer to bytes that are no message. */
const AS_IS = (bytes: Bytes): Buffer => (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));

/** A grpc-js server for `services`, not bound yet. Its channelz stays on, unread: without it `forceShutdown` knows of no connection to cut. */
export function createGrpcServer(services: readonly PreparedService[], limits: GrpcLimits): Server {
  const server = new Server({
    "grpc.max_receive_message_length": limits.maxMessageBytes,
    "grpc.max_send_message_length": limits.maxMessageBytes,
    "grpc.keepalive_time_ms": limits.keepAliveMs,
    "grpc.keepalive_timeout_ms": limits.keepAliveTimeoutMs,
    "grpc.keepalive_permit_without_calls": 1,
    "grpc.max_connection_age_ms": limits.maxConnectionAgeMs,
    "grpc.max_connection_age_grace_ms": limits.maxConnectionAgeGraceMs,
  });
  for (const { methods } of services) {
    const definition: Record<string, ServiceDefinition[string]> = {};
    const handlers: Record<string, UntypedHandleCall> = {};
    for (const method of methods) {
      const { name } = method.descriptor;
      const streams = method.descriptor.methodKind === "server_streaming";
      definition[name] = {
        path: `/${method.key}`,
        requestStream: false,
        responseStream: streams,
        requestSerialize: AS_IS,
        requestDeserialize: AS_IS,
        responseSerialize: AS_IS,
        responseDeserialize: AS_IS,
      };
      handlers[name] = streams ? streamHandler(method) : unaryHandler(method);
    }
    server.addService(definition, handlers);
  }
  return server;
}

/** Binds and answers the port, which matters where 0 was asked for. */
export function bindGrpcServer(server: Server, host: string, port: number): Promise<number> {
  const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(bindFailure("grpc", address, error));
    });
  });
}

/** Sends GOAWAY, lets running calls end for `graceMs`, then cuts. */
export function stopGrpcServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.forceShutdown(), graceMs);
    server.tryShutdown(() => {
      clearTimeout(cut);
      resolve();
    });
  });
}

function unaryHandler(method: PreparedMethod): handleUnaryCall<Bytes, Bytes> {
  const codec = binaryCodec(method);
  return (incoming, callback) => {
    const call = callOf(method, incoming);
    const answered = (bytes: Bytes) => {
      sendHeaders(call, incoming);
      callback(null, bytes);
    };
    const failed = (error: PlinthError) => {
      sendHeaders(call, incoming);
      callback(grpcFailure(error));
    };
    let answer: Bytes | Promise<Bytes>;
    try {
      answer = method.unary(call, remainingOf(incoming), incoming.request, codec);
    } catch (error) {
      failed(PlinthError.from(error));
      return;
    }
    if (answer instanceof Promise) {
      incoming.on("cancelled", () => {
        if (!call.isSettled) call.abort(callerGone());
      });
      answer.then(answered, failed);
    } else {
      answered(answer);
    }
  };
}

function streamHandler(method: PreparedMethod): handleServerStreamingCall<Bytes, Bytes> {
  const codec = binaryCodec(method);
  return async (incoming) => {
    const call = callOf(method, incoming);
    let wake = () => {};
    incoming.on("drain", () => wake());
    incoming.on("cancelled", () => {
      if (!call.isSettled) call.abort(callerGone());
      wake();
    });
    try {
      let first = true;
      for await (const bytes of method.stream(call, remainingOf(incoming), incoming.request, codec)) {
        if (first) sendHeaders(call, incoming);
        first = false;
        // The client reads slower than we write: wait for it.
        if (!incoming.write(bytes) && !incoming.cancelled) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
      if (first) sendHeaders(call, incoming);
      incoming.end();
    } catch (error) {
      incoming.emit("error", Object.assign(new Error("failed"), grpcFailure(PlinthError.from(error))));
    }
  };
}

type Incoming = ServerUnaryCall<Bytes, Bytes> | ServerWritableStream<Bytes, Bytes>;

function callOf(method: PreparedMethod, incoming: Incoming): Call<GrpcIncoming> {
  return new Call(method.descriptor, method.module, "grpc", grpcReader, incoming);
}

/** Milliseconds until the deadline that `grpc-timeout` set. */
function remainingOf(incoming: Incoming): number | undefined {
  const deadline = incoming.getDeadline();
  if (deadline instanceof Date) return deadline.getTime() - Date.now();
  return Number.isFinite(deadline) ? deadline - Date.now() : undefined;
}

function sendHeaders(call: Call, incoming: Incoming): void {
  const headers = call.responseHeadersIfAny;
  if (headers !== undefined) incoming.sendMetadata(metadataOf(headers));
}

function binaryCodec(method: PreparedMethod): Codec<Bytes, Bytes> {
  const { input, output } = method.descriptor;
  return {
    decode(bytes): Message {
      try {
        return fromBinary(input, bytes);
      } catch (cause) {
        throw badRequest(`The bytes of the request are not a ${input.typeName}.`, { cause });
      }
    },
    encode: (answer) => toBinary(output, answer),
    explain: (violations) => violations.toPlinthError(),
  };
}
