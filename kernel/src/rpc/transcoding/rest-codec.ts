import {
  create,
  type DescField,
  type DescMessage,
  type DescMethod,
  fromJson,
  type JsonObject,
  type JsonValue,
  type JsonWriteOptions,
  type Message,
  toJson,
} from "@bufbuild/protobuf";
import type { Path } from "@bufbuild/protobuf/reflect";
import { HttpBodySchema } from "@plinth/proto/google/api/httpbody_pb";
import { badRequest, type PlinthError, validation } from "../../base/errors.ts";
import type { Codec } from "../method-pipeline.ts";
import { writePath } from "../validation.ts";
import { fieldNamed, type HttpBinding, takesFile } from "./http-rules.ts";
import { jsonFaults } from "./json-fault.ts";
import { mayHoldNul, nulFaults } from "./nul-fault.ts";
import { bindField, decodePercent, parseQuery } from "./query-fields.ts";

/** A REST request before it is a message. `json` is what became of it, kept to name fields as they were written. */
export interface RestRequest {
  readonly segments: readonly string[];
  /** Without its question mark. */
  readonly query: string;
  readonly body: Buffer | undefined;
  /** The body's; empty where nobody said. */
  readonly contentType: string;
  json: JsonObject | undefined;
}

/** Proto names, and fields at their default: a client sees `[]` and `false` where there is nothing. */
export const JSON_OUTPUT: Partial<JsonWriteOptions> = { useProtoFieldName: true, alwaysEmitImplicit: true };

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Turns REST requests of one binding into messages, and answers into JSON text. */
export function createRestCodec(method: DescMethod, binding: HttpBinding): Codec<RestRequest, string> {
  const { input, output } = method;
  const { body, template, responseBody } = binding;
  const bodyField = body === "*" ? undefined : body;
  const file = takesFile(binding);
  const inPath = new Set(template.variables.map(({ fieldPath }) => fieldMeant(fieldPath).path));

  function decode(request: RestRequest): Message {
    const json = body === undefined || file ? {} : readBody(request.body, bodyField);
    request.json = json;
    const faults: Record<string, string> = Object.create(null);
    for (const { fieldPath, start, end } of template.variables) {
      const value = variableOf(request.segments, start, template.segments[end - 1]?.kind === "rest" ? request.segments.length : end);
      const fault = bindField(json, input, fieldPath, value);
      if (fault !== undefined) faults[fieldPath] = fault;
    }
    if (request.query !== "") bindQuery(request.query, json, faults);
    if (mayHoldNul(file ? undefined : request.body, request.query, request.segments)) {
      for (const [path, problem] of Object.entries(nulFaults(json))) faults[asWritten(path)] = problem;
    }
    if (Object.keys(faults).length > 0) throw validation(faults);
    let message: Message;
    try {
      message = fromJson(input, json);
    } catch (cause) {
      throw notAMessage(json, cause);
    }
    if (file && bodyField !== undefined && request.body !== undefined) {
      const { body: data, contentType } = request;
      (message as Record<string, unknown> & Message)[bodyField.localName] = create(HttpBodySchema, { contentType, data });
    }
    return message;
  }

  function bindQuery(query: string, json: JsonObject, faults: Record<string, string>): void {
    const seen = new Set<string>();
    for (const [name, value] of parseQuery(query)) {
      const first = name.split(".")[0] ?? "";
      const field = fieldNamed(input, first);
      const { path, isRepeated } = fieldMeant(name);
      if (body === "*") faults[name] = "is not a query parameter here: the body holds the whole request";
      else if (field !== undefined && field === bodyField) faults[name] = "belongs into the body";
      else if (inPath.has(path)) faults[name] = "stands in the path already";
      else if (seen.has(path) && !isRepeated) faults[name] = "is given more than once";
      else {
        const fault = bindField(json, input, name, value);
        if (fault !== undefined) faults[name] = fault;
      }
      seen.add(path);
    }
  }

  /** A field has two names, `page_size` and `pageSize`: the path in proto names is one for both. */
  function fieldMeant(name: string): { path: string; isRepeated: boolean } {
    let message: DescMessage | undefined = input;
    let field: DescField | undefined;
    const path = name.split(".").map((part) => {
      field = message === undefined ? undefined : fieldNamed(message, part);
      message = field?.message;
      return field?.name ?? part;
    });
    return { path: path.join("."), isRepeated: field?.fieldKind === "list" };
  }

  function notAMessage(json: JsonObject, cause: unknown): PlinthError {
    const faults: Record<string, string> = Object.create(null);
    for (const [path, problem] of Object.entries(jsonFaults(input, json))) faults[asWritten(path)] = problem;
    if (Object.keys(faults).length > 0) return validation(faults);
    return badRequest("The request is not valid JSON for this method: it is nested too deeply, or a field stands in it twice.", { cause });
  }

  /** Where a field is the body, the client wrote no name for it. */
  function asWritten(path: string): string {
    if (bodyField === undefined) return path;
    for (const name of [bodyField.name, bodyField.jsonName]) {
      if (path.startsWith(`${name}.`)) return path.slice(name.length + 1);
    }
    return path;
  }

  return {
    decode,
    encode(answer) {
      const json = toJson(output, answer, JSON_OUTPUT);
      if (responseBody === undefined) return JSON.stringify(json);
      return JSON.stringify((json as JsonObject)[responseBody.name] ?? null);
    },
    explain: (violations, { json }) => violations.toPlinthError((path) => asWritten(pathIn(json, path))),
  };
}

/** The body as JSON of the whole message. */
function readBody(bytes: Buffer | undefined, field: DescField | undefined): JsonObject {
  if (bytes === undefined || bytes.length === 0) return {};
  const value = parseJson(bytes);
  if (field !== undefined) return { [field.name]: value };
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badRequest("The body must be a JSON object.", { reason: "MALFORMED_JSON" });
  }
  return value;
}

/** Throws BAD_REQUEST for what is not JSON in UTF-8. */
export function parseJson(bytes: Uint8Array): JsonValue {
  let text: string;
  let value: JsonValue;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw badRequest("The body is not UTF-8.", { reason: "MALFORMED_JSON" });
  }
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    const where = error instanceof SyntaxError ? (/at position \d+/.exec(error.message)?.[0] ?? "") : "";
    throw badRequest(`The body is not JSON${where === "" ? "" : `: it breaks off ${where}`}.`, { reason: "MALFORMED_JSON" });
  }
  // UTF-8 has no lone surrogates, but \ud800 in a string makes one, and no protobuf string can hold it.
  if (text.includes("\\u") && !isWellFormed(value)) {
    throw badRequest("The body holds a \\u escape that is half of a character.", { reason: "MALFORMED_JSON" });
  }
  return value;
}

/** Without recursion: the depth is the client's choice. */
function isWellFormed(root: JsonValue): boolean {
  const open: JsonValue[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value === "string" && !value.isWellFormed()) return false;
    if (typeof value !== "object" || value === null) continue;
    for (const [key, child] of Object.entries(value)) {
      if (!key.isWellFormed()) return false;
      if (child !== undefined) open.push(child);
    }
  }
  return true;
}

function variableOf(segments: readonly string[], start: number, end: number): string {
  if (end - start === 1) return decodePercent(segments[start] ?? "", "path");
  return segments
    .slice(start, end)
    .map((segment) => decodePercent(segment, "path"))
    .join("/");
}

/** The path in the client's own names: `displayName` where the JSON has that. */
function pathIn(json: JsonValue | undefined, path: Path): string {
  let current = json;
  const names = new Map<number, string>();
  for (const [depth, member] of path.entries()) {
    const object = typeof current === "object" && current !== null ? (current as JsonObject) : undefined;
    if (member.kind === "list_sub") current = object?.[member.index];
    else if (member.kind === "map_sub") current = object?.[String(member.key)];
    else if (member.kind === "field") {
      const name = object !== undefined && Object.hasOwn(object, member.jsonName) ? member.jsonName : member.name;
      names.set(depth, name);
      current = object?.[name];
    }
  }
  return writePath(path, (member, depth) => names.get(depth) ?? member.name);
}
