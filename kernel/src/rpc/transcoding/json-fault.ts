import { type DescField, type DescMessage, fromJson, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
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
  } catch (error) {
    faults[path] ??= reasonIn(error);
  }
}

/** "cannot decode field a.B.c from JSON: expected string, got 1" → "expected string, got 1". */
function reasonIn(error: unknown): string {
  const text = error instanceof Error ? error.message : "";
  const reason = /from JSON: (.{1,300})/su.exec(text)?.[1] ?? "is not valid";
  return reason.replace(/^list item\[0\] /, "").toWellFormed();
}

/** Well-known types have a JSON form of their own, not an object of their fields. */
function isOpaque(message: DescMessage): boolean {
  return isValueMessage(message) || message.typeName.startsWith("google.protobuf.");
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
