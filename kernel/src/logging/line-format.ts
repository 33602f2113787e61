import type { LogFields, LogLevel } from "./logger.ts";

/** A line before it is written. `fields` holds everything but time, level and message. */
export interface Line {
  readonly time: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

const COLOURS: Record<LogLevel, string> = { error: "\u001b[31m", warn: "\u001b[33m", info: "\u001b[32m", debug: "\u001b[36m" };
const DIM = "\u001b[2m";
const RESET = "\u001b[0m";

/** Said at the beginning of a readable line, or of no use to who reads along. */
const NOT_REPEATED = new Set(["module", "version", "trace_id", "tenant_id"]);

/** One JSON object. */
export function jsonLine(line: Line): string {
  return JSON.stringify({ time: line.time, level: line.level, message: line.message, ...line.fields });
}

/** `12:34:56.789 warn  blog         message key=value …`, with the stacks of errors below. */
export function readableLine(line: Line, coloured: boolean): string {
  const stacks: string[] = [];
  const pairs = Object.entries(line.fields)
    .filter(([key]) => !NOT_REPEATED.has(key))
    .map(([key, value]) => `${key}=${readableValue(value, stacks)}`)
    .join(" ");
  const time = line.time.slice(11, 23);
  const level = line.level.padEnd(5);
  const module = String(line.fields.module ?? "").padEnd(12);
  const head = coloured ? `${DIM}${time}${RESET} ${COLOURS[line.level]}${level}${RESET} ${module}` : `${time} ${level} ${module}`;
  const tail = pairs === "" ? "" : coloured ? ` ${DIM}${pairs}${RESET}` : ` ${pairs}`;
  return [`${head} ${line.message}${tail}`, ...stacks].join("\n");
}

function readableValue(value: unknown, stacks: string[]): string {
  if (typeof value === "string") return /^[\w.:/@*-]+$/.test(value) ? value : JSON.stringify(value);
  if (typeof value !== "object" || value === null) return String(value);
  const { stack, cause, ...rest } = value as { stack?: unknown; cause?: unknown; message?: unknown };
  if (typeof stack !== "string") return JSON.stringify(value);
  stacks.push(indented(stack));
  if (cause !== undefined) stacks.push(`    caused by ${readableValue(cause, stacks)}`);
  return JSON.stringify(rest.message ?? "");
}

function indented(stack: string): string {
  return stack
    .split("\n")
    .map((text) => `    ${text.trim()}`)
    .join("\n");
}
