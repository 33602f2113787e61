import { connect } from "node:http2";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { Instance } from "@plinth/kernel/discovery";
import {
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  type ServerReflectionResponse,
  ServerReflectionResponseSchema,
} from "@plinth/proto/grpc/reflection/v1/reflection_pb";
import { createFrameReader, frame } from "./grpc-frames.ts";

/** What a module says about its gRPC services. */
export interface Descriptors {
  readonly services: readonly string[];
  /** Bytes of `FileDescriptorProto`s, as the module sent them. */
  readonly files: readonly Uint8Array[];
}

const PATH = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
const TIMEOUT_MS = 5000;
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

type Question = ServerReflectionRequest["messageRequest"];

/** Asks an instance's reflection service for its services and every file that they need. Needs no service token. */
export async function fetchDescriptors(instance: Instance): Promise<Descriptors> {
  const host = instance.host.includes(":") ? `[${instance.host}]` : instance.host;
  const session = connect(`http://${host}:${instance.grpcPort}`);
  const stream = session.request({ ":method": "POST", ":path": PATH, "content-type": "application/grpc", te: "trailers" });
  let answered: ((response: ServerReflectionResponse) => void) | undefined;
  let failed: (error: Error) => void = () => {};
  const failure = new Promise<never>((_resolve, reject) => {
    failed = reject;
  });
  // It is raced with each answer; when all answers came nobody listens any more.
  failure.catch(() => {});
  const read = createFrameReader(MAX_MESSAGE_BYTES, (message) => answered?.(fromBinary(ServerReflectionResponseSchema, message)));
  session.on("error", failed);
  stream.on("error", failed);
  stream.on("close", () => failed(new Error("The reflection call ended early.")));
  stream.on("data", (chunk: Buffer) => {
    try {
      read(chunk);
    } catch (error) {
      failed(error as Error);
    }
  });
  const timer = setTimeout(() => failed(new Error("The reflection call took too long.")), TIMEOUT_MS);

  async function ask(messageRequest: Question): Promise<ServerReflectionResponse["messageResponse"]> {
    const answer = new Promise<ServerReflectionResponse>((resolve) => {
      answered = resolve;
    });
    stream.write(frame(toBinary(ServerReflectionRequestSchema, create(ServerReflectionRequestSchema, { messageRequest }))));
    return (await Promise.race([answer, failure])).messageResponse;
  }

  try {
    return await collect(ask);
  } finally {
    clearTimeout(timer);
    stream.close();
    session.close();
  }
}

async function collect(ask: (question: Question) => Promise<ServerReflectionResponse["messageResponse"]>): Promise<Descriptors> {
  const listed = await ask({ case: "listServices", value: "" });
  if (listed.case !== "listServicesResponse") throw new Error("The module does not list its services.");
  const services = listed.value.service.map(({ name }) => name);
  const files = new Map<string, Uint8Array>();
  const missing = new Set<string>();

  const keep = (response: ServerReflectionResponse["messageResponse"]) => {
    if (response.case !== "fileDescriptorResponse") return;
    for (const bytes of response.value.fileDescriptorProto) {
      const { name, dependency } = fromBinary(FileDescriptorProtoSchema, bytes);
      files.set(name, bytes);
      for (const needed of dependency) missing.add(needed);
    }
  };

  for (const service of services) keep(await ask({ case: "fileContainingSymbol", value: service }));
  // A Set that grows while it is walked: each file may need further ones.
  for (const name of missing) if (!files.has(name)) keep(await ask({ case: "fileByFilename", value: name }));
  return { services, files: [...files.values()] };
}
