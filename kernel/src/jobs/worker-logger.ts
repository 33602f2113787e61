import { Logger as WorkerLogger } from "graphile-worker";
import type { Logger } from "../logging/logger.ts";

/**
 * The library's lines in our log. What it says about single jobs we say ourselves, with the request they belong to;
 * its details may hold payloads and stay out. That a worker ends for a migration is no news: another one follows.
 */
export function workerLogger(logger: Logger): WorkerLogger {
  return new WorkerLogger((scope) => (level, message) => {
    if (level === "error" && scope.jobId === undefined && !message.startsWith("Failed task")) logger.error(message);
    else if (level === "warning" && !message.includes("breaking migration")) logger.warn(message);
    else logger.debug(message);
  });
}
