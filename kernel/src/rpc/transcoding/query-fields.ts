import { type DescField, type DescMessage, type JsonObject, type JsonValue, ScalarType } from "@bufbuild/protobuf";
import { badRequest } from "../../base/errors.ts";
import { fieldNamed } from "./http-rules.ts";
import { similarName } from "./similar-name.ts";

/** Messages that are one value in JSON; their JSON text is what a query parameter holds. */
const VALUE_MESSAGES: ReadonlySet<string> = new Set([
  "google.protobuf.Timestamp",
  "google.protobuf.Duration",
  "google.protobuf.FieldMask",
  "google.protobuf.BoolValue",
  "google.protobuf.BytesValue",
  "google.protobuf.DoubleValue",
  "google.protobuf.FloatValue",
  "google.protobuf.Int32Value",
  "google.protobuf.Int64Value",
  "google.protobuf.StringValue",
  "google.protobuf.UInt32Value",
  "google.protobuf.UInt64Value",
]);

/** Is the message written as a single JSON value? */
export function isValueMessage(message: DescMessage): boolean {
  return VALUE_MESSAGES.has(message.typeName);
}

/** The parameters of a query, decoded. Throws BAD_REQUEST for percent signs that are no encoding of UTF-8. */
export function parseQuery(query: string): [name: string, value: string][] {
  const parameters: [string, string][] = [];
  for (const part of query.split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = equals === -1 ? part : part.slice(0, equals);
    parameters.push([decode(name), equals === -1 ? "" : decode(part.slice(equals + 1))]);
  }
  return parameters;
}

/** `+` is a blank in a query. */
function decode(text: string): string {
  return decodePercent(text.replaceAll("+", " "), "query");
}

/** Throws BAD_REQUEST instead of `URIError`. */
export function decodePercent(text: string, where: "path" | "query"): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw badRequest(`The ${where} of the URL is not percent-encoded UTF-8.`, { reason: "MALFORMED_URL" });
  }
}

/**
 * Puts the value of a query parameter or path variable at its place in `target`, as the JSON form of the message. Returns what is
 * wrong with it, or undefined. `message` is the root, `name` a dotted path of proto or JSON names.
 */
export function bindField(target: JsonObject, message: DescMessage, name: string, value: string): string | undefined {
  const parts = name.split(".");
  let owner = message;
  let object = target;
  for (const [index, part] of parts.entries()) {
    const field = fieldNamed(owner, part);
    if (field === undefined) return unknownField(owner, part);
    if (index === parts.length - 1) return setValue(object, field, part, value);
    if (field.fieldKind !== "message" || isValueMessage(field.message)) return `${part} has no fields of its own`;
    object = childObject(object, field, part);
    owner = field.message;
  }
  return undefined;
}

/** "Is not a field", with what may have been meant. */
export function unknownField(message: DescMessage, name: string): string {
  const meant = similarName(
    name,
    message.fields.map((field) => field.name),
  );
  return meant === undefined ? "is not a field of this request" : `is not a field of this request; did you mean ${meant}?`;
}

/** The name as the client wrote it, unless the field stands there by its other one already. */
function keyIn(object: JsonObject, field: DescField, written: string): string {
  const other = written === field.name ? field.jsonName : field.name;
  return Object.hasOwn(object, other) ? other : written;
}

function childObject(object: JsonObject, field: DescField, written: string): JsonObject {
  const key = keyIn(object, field, written);
  const child = object[key];
  if (typeof child === "object" && child !== null && !Array.isArray(child)) return child;
  const made: JsonObject = {};
  object[key] = made;
  return made;
}

function setValue(object: JsonObject, field: DescField, written: string, value: string): string | undefined {
  const key = keyIn(object, field, written);
  if (field.fieldKind === "list") {
    if (field.listKind === "message" && !isValueMessage(field.message)) return "is a list of messages, which a URL cannot hold";
    const list = object[key];
    const json = jsonOf(field, value);
    if (Array.isArray(list)) list.push(json);
    else object[key] = [json];
    return undefined;
  }
  if (field.fieldKind === "map") return "is a map, which a URL cannot hold";
  if (field.fieldKind === "message" && !isValueMessage(field.message)) return "is a message: name one of its fields";
  object[key] = jsonOf(field, value);
  return undefined;
}

/** Numbers may stand as text in protobuf JSON; booleans and enum numbers may not. */
function jsonOf(field: DescField, value: string): JsonValue {
  if (field.enum !== undefined) return /^-?\d{1,10}$/.test(value) ? Number(value) : value;
  const isBool = field.scalar === ScalarType.BOOL || field.message?.typeName === "google.protobuf.BoolValue";
  if (!isBool) return value;
  if (value === "true" || value === "") return true;
  return value === "false" ? false : value;
}
