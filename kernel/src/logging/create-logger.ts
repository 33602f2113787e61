import { createLogger as createWinston, transports } from "winston";
import { type Clock, systemClock } from "../base/clock.ts";
import { currentContext } from "../base/request-context.ts";
import { scrubText } from "../base/sensitive.ts";
import { jsonLine, type Line, readableLine } from "./line-format.ts";
import { createLineSampler } from "./line-sampler.ts";
import { logFields, redactPaths } from "./log-value.ts";
import type { LogFields, Logger, LogLevel } from "./logger.ts";

export interface LoggerOptions {
  readonly module: string;
  readonly version: string;
  readonly level: LogLevel;
  readonly format: "json" | "readable";
  /** Defaults to standard output. Colours are used on a terminal only, and not when NO_COLOR is set. */
  readonly stream?: NodeJS.WritableStream;
  /** Lines with the same message per second; default 100. */
  readonly samplePerSecond?: number;
  /** Paths of personal data besides those known by their names: `address.street`, `*.birthday`. */
  readonly redact?: readonly string[];
  readonly clock?: Clock;
}

/** A module's logger: the root that its children share level and stream with. */
export interface RootLogger extends Logger {
  readonly level: LogLevel;
  /** Takes effect at once, in children too. */
  setLevel(level: LogLevel): void;
  /** Writes what is held back and waits until the stream took it. */
  close(): Promise<void>;
}

const RANK: Record<LogLevel, number> = { error: 0, warn: 1, info: 2, debug: 3 };
const WINSTON_LEVEL = Symbol.for("level");
const WINSTON_MESSAGE = Symbol.for("message");

/**
 * A winston logger behind our interface. The level is checked before anything else is done, so that a line below it costs one
 * comparison; the fields of a line, its context and its redaction are worked out only for lines that are written.
 */
export function createLogger(options: LoggerOptions): RootLogger {
  const { module, version, format } = options;
  const clock = options.clock ?? systemClock;
  const stream = options.stream ?? process.stdout;
  const coloured = format === "readable" && "isTTY" in stream && stream.isTTY === true && process.env.NO_COLOR === undefined;
  const paths = redactPaths(options.redact ?? []);
  const winston = createWinston({
    levels: RANK,
    level: "debug",
    // The line comes formatted; winston's default would write its own over it.
    format: { transform: (info) => info },
    transports: [new transports.Stream({ stream, eol: "\n" })],
  });
  const sampler = createLineSampler(options.samplePerSecond ?? 100, clock, (level, message, leftOut) => {
    emit(level, "repeated lines left out", { repeated: message, count: leftOut });
  });
  let level = options.level;
  let threshold = RANK[level];
  let closed = false;

  function emit(lineLevel: LogLevel, message: string, fields: LogFields): void {
    // Connections still say goodbye when all is over; winston would throw at nobody, and end the process as a failure.
    if (closed) return;
    const line: Line = {
      time: new Date(clock.now()).toISOString(),
      level: lineLevel,
      message: scrubText(message),
      fields: { module, version, ...besidesOwnNames(fields) },
    };
    const text = format === "json" ? jsonLine(line) : readableLine(line, coloured);
    winston.write({ level: lineLevel, message, [WINSTON_LEVEL]: lineLevel, [WINSTON_MESSAGE]: text });
  }

  function write(lineLevel: LogLevel, message: string, bound: LogFields | undefined, fields: LogFields | undefined): void {
    if (!sampler.admit(lineLevel, message)) return;
    emit(lineLevel, message, { ...contextFields(), ...bound, ...(fields && logFields(fields, paths)) });
  }

  function loggerWith(bound: LogFields | undefined): Logger {
    return {
      error: (message, fields) => write("error", message, bound, fields),
      warn(message, fields) {
        if (threshold >= 1) write("warn", message, bound, fields);
      },
      info(message, fields) {
        if (threshold >= 2) write("info", message, bound, fields);
      },
      debug(message, fields) {
        if (threshold >= 3) write("debug", message, bound, fields);
      },
      child: (fields) => loggerWith({ ...bound, ...logFields(fields, paths) }),
    };
  }

  return {
    ...loggerWith(undefined),
    get level() {
      return level;
    },
    setLevel(next) {
      level = next;
      threshold = RANK[next];
    },
    async close() {
      if (closed) return;
      sampler.flush();
      closed = true;
      await new Promise<void>((resolve) => {
        winston.once("finish", resolve);
        winston.end();
      });
    },
  };
}

const OWN_NAMES = ["time", "level", "message", "module", "version"];

/** A field with the name of one of the line's own moves aside: a line about another module is still a line of this one. */
function besidesOwnNames(fields: LogFields): LogFields {
  for (const name of OWN_NAMES) {
    if (!(name in fields)) continue;
    fields[`field_${name}`] = fields[name];
    delete fields[name];
  }
  return fields;
}

/** Who the work at hand is for. Nothing of the user but the id: names and addresses do not belong into logs. */
function contextFields(): LogFields | undefined {
  const context = currentContext();
  if (context === undefined) return undefined;
  const fields: LogFields = { request_id: context.requestId };
  if (context.traceId !== "") fields.trace_id = context.traceId;
  if (context.user !== undefined) fields.user_id = context.user.id;
  if (context.caller !== undefined) fields.caller = context.caller;
  fields.tenant_id = context.tenantId;
  return fields;
}
