import { type DescFile, type DescService, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { Server } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";

/**
 * Lets grpcurl and its like list, describe and call `services`. The library takes a proto-loader package definition, of
 * which it reads nothing but the file descriptors.
 */
export function addReflection(server: Server, services: readonly DescService[]): void {
  const files = new Map<string, Buffer>();
  for (const service of services) collect(service.file, files);
  const anyMessage = { format: "", type: {}, fileDescriptorProtos: [...files.values()] };
  const definition = { files: anyMessage } as unknown as ConstructorParameters<typeof ReflectionService>[0];
  new ReflectionService(definition, { services: services.map((service) => service.typeName) }).addToServer(server);
}

/** Dependencies first. */
function collect(file: DescFile, files: Map<string, Buffer>): void {
  if (files.has(file.proto.name)) return;
  for (const dependency of file.dependencies) collect(dependency, files);
  files.set(file.proto.name, Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)));
}
