export { createLogger, type LoggerOptions, type RootLogger } from "./create-logger.ts";
export type { LogFields, Logger, LogLevel } from "./logger.ts";
export { silentLogger } from "./silent-logger.ts";
