import { PlinthError } from "../base/errors.ts";
import { maskEmail, maskPhone, scrubText, sensitivityOf } from "../base/sensitive.ts";
import type { LogFields } from "./logger.ts";

const REDACTED = "[redacted]";
/** Deeper structures and longer lists are cut: a log line is read by a person, and an ORM entity can hang on half the heap. */
const MAX_DEPTH = 6;
const MAX_ITEMS = 50;
const MAX_TEXT = 8192;
const MAX_CAUSES = 5;

/** Removes `path`s of a module's own personal data, such as `address.street`; a `*` stands for any one key. */
export type RedactPaths = readonly (readonly string[])[];

/** `address.street` and the like as `logValue` wants them. */
export function redactPaths(paths: readonly string[]): RedactPaths {
  return paths.map((path) => path.split("."));
}

/**
 * A copy of the fields that JSON can carry and everyone may read: secrets out by the name of their key, e-mail addresses and telephone numbers masked,
 * recognisable secrets in texts out, errors with stack and causes, cycles cut.
 */
export function logFields(fields: LogFields, paths: RedactPaths): LogFields {
  return copyObject(fields, 0, paths);
}

/** An error as a line shows it. `cause` and `errors` go some steps deep. */
export function logError(error: Error, causes = 0): LogFields {
  const shown: LogFields = { name: error.name, message: scrubText(error.message) };
  if (error instanceof PlinthError) {
    shown.code = error.code;
    shown.reason = error.reason;
    if (Object.keys(error.metadata).length > 0) shown.metadata = copyObject(error.metadata, 1, []);
  } else if ("code" in error && (typeof error.code === "string" || typeof error.code === "number")) {
    shown.code = error.code;
  }
  if (error.stack !== undefined) shown.stack = cut(scrubText(error.stack));
  if (causes < MAX_CAUSES && error.cause !== undefined) {
    shown.cause = error.cause instanceof Error ? logError(error.cause, causes + 1) : copy(error.cause, 1, []);
  }
  if (causes < MAX_CAUSES && error instanceof AggregateError) {
    shown.errors = error.errors
      .slice(0, MAX_CAUSES)
      .map((inner) => (inner instanceof Error ? logError(inner, causes + 1) : copy(inner, 1, [])));
  }
  return shown;
}

function copy(value: unknown, depth: number, paths: RedactPaths): unknown {
  switch (typeof value) {
    case "string":
      return cut(scrubText(value));
    case "bigint":
      return value.toString();
    case "function":
    case "symbol":
      return undefined;
    case "object":
      break;
    default:
      return value;
  }
  if (value === null) return null;
  if (value instanceof Error) return logError(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "invalid date" : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= MAX_DEPTH) return "[…]";
  if (Array.isArray(value)) return copyList(value, depth, paths);
  if ("toJSON" in value && typeof value.toJSON === "function") return copy(value.toJSON(), depth + 1, paths);
  if (value instanceof Set) return copyList([...value], depth, paths);
  return copyObject(value instanceof Map ? Object.fromEntries(value) : value, depth, paths);
}

function copyList(list: readonly unknown[], depth: number, paths: RedactPaths): unknown[] {
  const copied = list.slice(0, MAX_ITEMS).map((item) => copy(item, depth + 1, paths));
  if (list.length > MAX_ITEMS) copied.push(`[${list.length - MAX_ITEMS} more]`);
  return copied;
}

function copyObject(object: object, depth: number, paths: RedactPaths): LogFields {
  const copied: LogFields = {};
  for (const key of Object.keys(object)) {
    const value = (object as LogFields)[key];
    if (value === undefined) continue;
    const below = paths.length === 0 ? paths : paths.filter((path) => path[0] === key || path[0] === "*").map((path) => path.slice(1));
    copied[key] = below.some((path) => path.length === 0) ? REDACTED : copyNamed(key, value, depth + 1, below);
  }
  return copied;
}

function copyNamed(key: string, value: unknown, depth: number, paths: RedactPaths): unknown {
  const sensitivity = sensitivityOf(key);
  if (sensitivity === "none" || value === null || typeof value === "boolean") return copy(value, depth, paths);
  if (sensitivity === "secret") return REDACTED;
  if (typeof value !== "string") return copy(value, depth, paths);
  return sensitivity === "email" ? maskEmail(value) : maskPhone(value);
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… [${text.length - MAX_TEXT} more]` : text;
}
