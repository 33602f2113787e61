import { type DescFile, type DescService, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { Server, ServerDuplexStream, ServiceDefinition } from "@grpc/grpc-js";
import {
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  type ServerReflectionResponse,
  ServerReflectionResponseSchema,
} from "@plinth/proto/grpc/reflection/v1/reflection_pb";
import { createReflectionIndex } from "./reflection-index.ts";

/** The messages of both versions are the same. */
const VERSIONS = ["v1", "v1alpha"];

/**
 * Lets grpcurl and its like list, describe and call `services`. Files go out with all their options: the gateway reads from them which
 * methods have a REST path.
 */
export function addReflection(server: Server, services: readonly DescService[]): void {
  const files = new Map<string, Uint8Array>();
  for (const service of services) collect(service.file, files);
  const index = createReflectionIndex(
    files.values(),
    services.map((service) => service.typeName),
  );
  const serve = (stream: ServerDuplexStream<ServerReflectionRequest, ServerReflectionResponse>) => {
    stream.on("data", (request: ServerReflectionRequest) => stream.write(index.answer(request)));
    stream.on("end", () => stream.end());
    stream.on("error", () => stream.end());
  };
  for (const version of VERSIONS) server.addService(definitionOf(version), { ServerReflectionInfo: serve });
}

function definitionOf(version: string): ServiceDefinition {
  return {
    ServerReflectionInfo: {
      path: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
      requestStream: true,
      responseStream: true,
      requestSerialize: (request: ServerReflectionRequest) => Buffer.from(toBinary(ServerReflectionRequestSchema, request)),
      requestDeserialize: (bytes: Buffer) => fromBinary(ServerReflectionRequestSchema, bytes),
      responseSerialize: (response: ServerReflectionResponse) => Buffer.from(toBinary(ServerReflectionResponseSchema, response)),
      responseDeserialize: (bytes: Buffer) => fromBinary(ServerReflectionResponseSchema, bytes),
    },
  };
}

/** Dependencies first. */
function collect(file: DescFile, files: Map<string, Uint8Array>): void {
  if (files.has(file.proto.name)) return;
  for (const dependency of file.dependencies) collect(dependency, files);
  files.set(file.proto.name, toBinary(FileDescriptorProtoSchema, file.proto));
}
