import { type DescMethod, type FileRegistry, fromBinary, fromJson, type JsonValue, toBinary, toJson } from "@bufbuild/protobuf";
import { type Client, Metadata, type ServiceError } from "@grpc/grpc-js";
import { UsageError } from "../usage-error.ts";
import { failureOf } from "./rpc-failure.ts";

export interface MethodCall {
  readonly method: DescMethod;
  readonly registry: FileRegistry;
  readonly data: JsonValue;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** Calls a unary or server-streaming method; each answer in the JSON form of the REST API. Fails with a `PlinthError`. */
export async function* callMethod(client: Client, call: MethodCall): AsyncGenerator<JsonValue> {
  const { method, registry } = call;
  const path = `/${method.parent.typeName}/${method.name}`;
  const bytes = encode(call);
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(call.headers)) metadata.set(name, value);
  const options = { deadline: Date.now() + call.timeoutMs };
  const serialize = (request: Uint8Array): Buffer => Buffer.from(request);
  const deserialize = (answer: Buffer): JsonValue =>
    toJson(method.output, fromBinary(method.output, answer), { registry, useProtoFieldName: true, alwaysEmitImplicit: true });
  if (method.methodKind === "unary") {
    yield await new Promise<JsonValue>((accept, reject) => {
      client.makeUnaryRequest(path, serialize, deserialize, bytes, metadata, options, (error: ServiceError | null, answer?: JsonValue) =>
        error === null ? accept(answer ?? null) : reject(failureOf(error)),
      );
    });
    return;
  }
  if (method.methodKind !== "server_streaming") throw new UsageError(`${path} takes a stream of messages, which this command cannot send.`);
  try {
    for await (const answer of client.makeServerStreamRequest(path, serialize, deserialize, bytes, metadata, options))
      yield answer as JsonValue;
  } catch (error) {
    throw failureOf(error as Error);
  }
}

function encode({ method, registry, data }: MethodCall): Uint8Array {
  try {
    return toBinary(method.input, fromJson(method.input, data, { registry }));
  } catch (error) {
    const fields = method.input.fields.map(({ name }) => name).join(", ") || "nothing";
    throw new UsageError(`The data is no ${method.input.typeName}: ${error instanceof Error ? error.message : error}. It has: ${fields}.`);
  }
}
