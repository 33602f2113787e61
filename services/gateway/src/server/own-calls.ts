import type { ServerHttp2Stream } from "node:http2";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { ReflectionIndex } from "@plinth/kernel/rpc";
import { HealthCheckResponse_ServingStatus, HealthCheckResponseSchema } from "@plinth/proto/grpc/health/v1/health_pb";
import { ServerReflectionRequestSchema, ServerReflectionResponseSchema } from "@plinth/proto/grpc/reflection/v1/reflection_pb";
import { createFrameReader, frame } from "../proxy/grpc-frames.ts";

/** Questions are names; nothing longer is one. */
const MAX_QUESTION_BYTES = 64 * 1024;
const HEAD = { ":status": 200, "content-type": "application/grpc" };
const INVALID_ARGUMENT = "3";

/** Health and reflection of the gateway as native gRPC, by path. Reflection tells of all modules as if they were one server. */
export function ownCalls(isServing: () => boolean, index: () => ReflectionIndex): Map<string, (stream: ServerHttp2Stream) => void> {
  const reflect = (stream: ServerHttp2Stream) =>
    answerEach(stream, (question) => {
      const request = fromBinary(ServerReflectionRequestSchema, question);
      return toBinary(ServerReflectionResponseSchema, index().answer(request));
    });
  const check = (stream: ServerHttp2Stream) =>
    answerEach(stream, () => {
      const status = isServing() ? HealthCheckResponse_ServingStatus.SERVING : HealthCheckResponse_ServingStatus.NOT_SERVING;
      return toBinary(HealthCheckResponseSchema, create(HealthCheckResponseSchema, { status }));
    });
  return new Map([
    ["/grpc.health.v1.Health/Check", check],
    ["/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", reflect],
    // The messages of both versions are the same.
    ["/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", reflect],
  ]);
}

/** One answer for each message, until the client has no more. */
function answerEach(stream: ServerHttp2Stream, answer: (message: Uint8Array) => Uint8Array): void {
  let status = "0";
  const read = createFrameReader(MAX_QUESTION_BYTES, (message) => stream.write(frame(answer(message))));
  stream.respond(HEAD, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": status }));
  stream.on("data", (chunk: Buffer) => {
    if (status !== "0") return;
    try {
      read(chunk);
    } catch {
      status = INVALID_ARGUMENT;
      stream.end();
    }
  });
  stream.on("end", () => stream.end());
}
