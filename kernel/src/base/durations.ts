/** Durations are written the same in module files and in configuration: `250ms 2s 5m 1h 7d`. */
export { formatDuration, parseDuration } from "@plinth/module";
