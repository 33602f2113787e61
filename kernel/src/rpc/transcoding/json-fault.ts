import { type DescField, type DescMessage, fromJson, type JsonObject, type JsonValue, ScalarType } from "@bufbuild/protobuf";
import { fieldNamed } from "./http-rules.ts";
import { isValueMessage, unknownField } from "./query-fields.ts";

/**
 * Why JSON is not a message: each field at fault by its path as the client wrote it. Runs only after decoding has failed, and takes the
 * JSON apart until the faulty leaf is found, which the decoder's own message does not tell.
 */
export function jsonFaults(message: DescMessage, json: JsonObject): Record<string, string> {
  const faults: Record<string, string> = Object.create(null);
  collect(message, json, "", faults, 0);
  return faults;
}

/** Deeper, the decoder has given up before. */
const MAX_DEPTH = 100;

function collect(message: DescMessage, json: JsonObject, path: string, faults: Record<string, string>, depth: number): void {
  for (const [key, value] of Object.entries(json)) {
    const here = path === "" ? key : `${path}.${key}`;
    const field = fieldNamed(message, key);
    if (field === undefined) faults[here] = unknownField(message, key);
    else if (depth < MAX_DEPTH) collectField(message, field, value, here, faults, depth);
  }
}

function collectField(
  message: DescMessage,
  field: DescField,
  value: JsonValue,
  path: string,
  faults: Record<string, string>,
  depth: number,
): void {
  const child = field.message;
  if (child !== undefined && !isOpaque(child)) {
    if (field.fieldKind === "message" && isObject(value)) {
      collect(child, value, path, faults, depth + 1);
      return;
    }
    if (field.fieldKind === "list" && Array.isArray(value)) {
      for (const [index, item] of value.entries()) {
        if (isObject(item)) collect(child, item, `${path}[${index}]`, faults, depth + 1);
        else tryOut(message, field, [item], `${path}[${index}]`, faults);
      }
      return;
    }
    if (field.fieldKind === "map" && isObject(value)) {
      for (const [key, item] of Object.entries(value)) {
        if (isObject(item)) collect(child, item, `${path}[${JSON.stringify(key)}]`, faults, depth + 1);
      }
    }
  } else if (field.fieldKind === "list" && Array.isArray(value)) {
    for (const [index, item] of value.entries()) tryOut(message, field, [item], `${path}[${index}]`, faults);
    return;
  }
  tryOut(message, field, value, path, faults);
}

/** Lets the decoder judge one field alone. */
function tryOut(message: DescMessage, field: DescField, value: JsonValue, path: string, faults: Record<string, string>): void {
  try {
    fromJson(message, { [field.name]: value });
  } catch {
    faults[path] ??= reasonOf(field, value);
  }
}

/**
 * Says what was expected and only the kind of what came, in our own words: those of the decoder quote the value, which may be a password
 * in the wrong form.
 */
function reasonOf(field: DescField, value: JsonValue): string {
  if (field.fieldKind === "list" && !Array.isArray(value)) return `expected a list, got ${kindOf(value)}`;
  if (field.fieldKind === "map" && !isObject(value)) return `expected an object, got ${kindOf(value)}`;
  const leaf = field.fieldKind === "list" && Array.isArray(value) ? (value[0] ?? null) : value;
  if (field.enum !== undefined) return `expected one of ${field.enum.values.map(({ name }) => name).join(", ")}`;
  if (field.scalar !== undefined && typeof leaf === "number" && isNumeric(field.scalar)) {
    return `expected ${SCALARS[field.scalar]}, got one that is ${Number.isInteger(leaf) ? "out of its range" : "not whole"}`;
  }
  const expected =
    field.message === undefined ? SCALARS[field.scalar ?? ScalarType.STRING] : (MESSAGES[field.message.typeName] ?? "an object");
  return `expected ${expected}, got ${kindOf(leaf)}`;
}

const SCALARS: Readonly<Record<ScalarType, string>> = {
  [ScalarType.STRING]: "string",
  [ScalarType.BYTES]: "bytes in base64",
  [ScalarType.BOOL]: "boolean",
  [ScalarType.DOUBLE]: "number",
  [ScalarType.FLOAT]: "number (float)",
  [ScalarType.INT32]: "number (int32)",
  [ScalarType.SINT32]: "number (int32)",
  [ScalarType.SFIXED32]: "number (int32)",
  [ScalarType.UINT32]: "number (uint32)",
  [ScalarType.FIXED32]: "number (uint32)",
  [ScalarType.INT64]: "number (int64)",
  [ScalarType.SINT64]: "number (int64)",
  [ScalarType.SFIXED64]: "number (int64)",
  [ScalarType.UINT64]: "number (uint64)",
  [ScalarType.FIXED64]: "number (uint64)",
};

const MESSAGES: Readonly<Record<string, string>> = {
  "google.protobuf.Timestamp": "a time as in 2026-01-31T12:00:00Z",
  "google.protobuf.Duration": "a duration as in 1.5s",
  "google.protobuf.FieldMask": "names of fields with commas between",
};

function isNumeric(scalar: ScalarType): boolean {
  return scalar !== ScalarType.STRING && scalar !== ScalarType.BYTES && scalar !== ScalarType.BOOL;
}

function kindOf(value: JsonValue): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  return typeof value === "string" ? "another text" : `a ${typeof value}`;
}

/** Well-known types have a JSON form of their own, not an object of their fields. */
function isOpaque(message: DescMessage): boolean {
  return isValueMessage(message) || message.typeName.startsWith("google.protobuf.");
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
