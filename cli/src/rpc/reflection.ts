import { create, createFileRegistry, type FileRegistry, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { Client } from "@grpc/grpc-js";
import {
  ServerReflectionRequestSchema,
  type ServerReflectionResponse,
  ServerReflectionResponseSchema,
} from "@plinth/proto/grpc/reflection/v1/reflection_pb";
import { failureOf } from "./rpc-failure.ts";

const PATH = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

type Question = NonNullable<MessageInitShape<typeof ServerReflectionRequestSchema>["messageRequest"]>;

/** The full names of all services that a server has, itself left out. */
export async function listServices(client: Client): Promise<string[]> {
  const { messageResponse: answer } = await ask(client, { case: "listServices", value: "" });
  if (answer.case !== "listServicesResponse") throw new Error("The server does not list its services.");
  return answer.value.service.map(({ name }) => name).filter((name) => !name.startsWith("grpc."));
}

/** Everything that the server's files with `service` declare, with all that these need. */
export async function describeService(client: Client, service: string): Promise<FileRegistry> {
  const { messageResponse: answer } = await ask(client, { case: "fileContainingSymbol", value: service });
  if (answer.case !== "fileDescriptorResponse") throw new Error(`The server does not describe ${service}.`);
  const files = answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
  const byName = new Map(files.map((file) => [file.name, file]));
  // A registry wants files after those that they import; reflection promises no order.
  const file: typeof files = [];
  const place = (name: string): void => {
    const found = byName.get(name);
    if (found === undefined || !byName.delete(name)) return;
    found.dependency.forEach(place);
    file.push(found);
  };
  for (const { name } of files) place(name);
  return createFileRegistry(create(FileDescriptorSetSchema, { file }));
}

function ask(client: Client, messageRequest: Question): Promise<ServerReflectionResponse> {
  return new Promise((accept, reject) => {
    const stream = client.makeBidiStreamRequest(
      PATH,
      (request: Uint8Array) => Buffer.from(request),
      (bytes) => fromBinary(ServerReflectionResponseSchema, bytes),
    );
    stream.once("data", (answer: ServerReflectionResponse) => {
      stream.end();
      accept(answer);
    });
    stream.once("error", (error) => reject(failureOf(error)));
    stream.write(toBinary(ServerReflectionRequestSchema, create(ServerReflectionRequestSchema, { messageRequest })));
  });
}
