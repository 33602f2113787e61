import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  file_google_protobuf_duration,
} from "@bufbuild/protobuf/wkt";
import { file_google_rpc_error_details } from "@plinth/proto/google/rpc/error_details_pb";
import {
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  ServerReflectionResponseSchema,
} from "@plinth/proto/grpc/reflection/v1/reflection_pb";

/** gRPC's status numbers that reflection answers with. */
const NOT_FOUND = 5;
const UNIMPLEMENTED = 12;

/** Details travel with errors as `Any`, so no method's messages lead to their types; a client that shows them asks for them by name. */
function errorDetailFiles(): Uint8Array[] {
  return [file_google_protobuf_duration, file_google_rpc_error_details].map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto));
}

/** Answers questions of `grpc.reflection.v1` (and of v1alpha, whose messages are the same). */
export interface ReflectionIndex {
  readonly services: readonly string[];
  readonly files: ReadonlyMap<string, FileDescriptorProto>;
  answer(request: ServerReflectionRequest): ServerReflectionResponse;
}

/**
 * Indexes files given as their descriptors' bytes. The bytes go out as they came in: a decoder that does not know an option, such as
 * `google.api.http`, would drop it. Of two files with one name the first counts.
 */
export function createReflectionIndex(descriptors: Iterable<Uint8Array>, serviceNames: Iterable<string>): ReflectionIndex {
  const files = new Map<string, FileDescriptorProto>();
  const bytes = new Map<string, Uint8Array>();
  const fileOfSymbol = new Map<string, string>();
  /** `<message>/<number>` of an extension → its file. */
  const fileOfExtension = new Map<string, string>();
  const extensionNumbers = new Map<string, number[]>();
  const services = [...new Set(serviceNames)].sort();

  for (const descriptor of [...descriptors, ...errorDetailFiles()]) {
    const file = fromBinary(FileDescriptorProtoSchema, descriptor);
    if (files.has(file.name)) continue;
    files.set(file.name, file);
    bytes.set(file.name, descriptor);
    const prefix = file.package === "" ? "" : `${file.package}.`;
    const name = (symbol: string) => fileOfSymbol.set(symbol, file.name);
    for (const service of file.service) {
      name(`${prefix}${service.name}`);
      for (const method of service.method) name(`${prefix}${service.name}.${method.name}`);
    }
    for (const message of file.messageType) indexMessage(message, prefix, file.name);
    for (const enumeration of file.enumType) indexEnum(enumeration, prefix, file.name);
    indexExtensions(file.extension, prefix, file.name);
  }

  function indexMessage(message: DescriptorProto, prefix: string, file: string): void {
    const inner = `${prefix}${message.name}.`;
    fileOfSymbol.set(`${prefix}${message.name}`, file);
    for (const field of message.field) fileOfSymbol.set(`${inner}${field.name}`, file);
    for (const oneof of message.oneofDecl) fileOfSymbol.set(`${inner}${oneof.name}`, file);
    for (const nested of message.nestedType) indexMessage(nested, inner, file);
    for (const enumeration of message.enumType) indexEnum(enumeration, inner, file);
    indexExtensions(message.extension, inner, file);
  }

  function indexEnum(enumeration: EnumDescriptorProto, prefix: string, file: string): void {
    fileOfSymbol.set(`${prefix}${enumeration.name}`, file);
    // The values of an enum are its siblings, not its children.
    for (const value of enumeration.value) fileOfSymbol.set(`${prefix}${value.name}`, file);
  }

  function indexExtensions(extensions: FileDescriptorProto["extension"], prefix: string, file: string): void {
    for (const extension of extensions) {
      const extendee = extension.extendee.replace(/^\./, "");
      fileOfSymbol.set(`${prefix}${extension.name}`, file);
      fileOfExtension.set(`${extendee}/${extension.number}`, file);
      const numbers = extensionNumbers.get(extendee);
      if (numbers === undefined) extensionNumbers.set(extendee, [extension.number]);
      else numbers.push(extension.number);
    }
  }

  /** The file and all it needs, itself first. */
  function withDependencies(name: string | undefined): Uint8Array[] | undefined {
    if (name === undefined || !files.has(name)) return undefined;
    const names = new Set([name]);
    for (const reached of names) for (const dependency of files.get(reached)?.dependency ?? []) names.add(dependency);
    return [...names].flatMap((reached) => bytes.get(reached) ?? []);
  }

  function answerOf(request: ServerReflectionRequest): MessageInitShape<typeof ServerReflectionResponseSchema>["messageResponse"] {
    const asked = request.messageRequest;
    switch (asked.case) {
      case "listServices":
        return { case: "listServicesResponse", value: { service: services.map((name) => ({ name })) } };
      case "fileByFilename":
        return filesOr(withDependencies(asked.value), asked.value);
      case "fileContainingSymbol":
        return filesOr(withDependencies(fileOfSymbol.get(asked.value)), asked.value);
      case "fileContainingExtension": {
        const key = `${asked.value.containingType}/${asked.value.extensionNumber}`;
        return filesOr(withDependencies(fileOfExtension.get(key)), key);
      }
      case "allExtensionNumbersOfType":
        if (!fileOfSymbol.has(asked.value)) return notFound(asked.value);
        return {
          case: "allExtensionNumbersResponse",
          value: { baseTypeName: asked.value, extensionNumber: extensionNumbers.get(asked.value) ?? [] },
        };
      default:
        return { case: "errorResponse", value: { errorCode: UNIMPLEMENTED, errorMessage: "This kind of question is not known." } };
    }
  }

  return {
    services,
    files,
    answer: (request) =>
      create(ServerReflectionResponseSchema, {
        validHost: request.host,
        originalRequest: request,
        messageResponse: answerOf(request) ?? { case: undefined },
      }),
  };
}

function filesOr(
  found: Uint8Array[] | undefined,
  asked: string,
): MessageInitShape<typeof ServerReflectionResponseSchema>["messageResponse"] {
  if (found === undefined) return notFound(asked);
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto: found } };
}

function notFound(asked: string): MessageInitShape<typeof ServerReflectionResponseSchema>["messageResponse"] {
  return { case: "errorResponse", value: { errorCode: NOT_FOUND, errorMessage: `${asked} is not known here.` } };
}
