import { setTimeout as delay } from "node:timers/promises";
import { databaseErrorCode, isConnectionFailure } from "@plinth/kernel/database";
import type { Logger } from "@plinth/kernel/logging";

export interface PatienceOptions {
  readonly logger: Logger;
  /** How long a server may take to start. */
  readonly patienceMs?: number;
  readonly pauseMs?: number;
}

const PATIENCE_MS = 60_000;
const PAUSE_MS = 1000;

/** Does `work`, and again while Postgres is still starting; other failures are thrown at once. `work` must be safe to repeat. */
export async function whenPostgresAnswers<T>(work: () => Promise<T>, options: PatienceOptions): Promise<T> {
  const { logger, patienceMs = PATIENCE_MS, pauseMs = PAUSE_MS } = options;
  for (const end = performance.now() + patienceMs; ; await delay(pauseMs)) {
    try {
      return await work();
    } catch (error) {
      if (!isConnectionFailure(error) || performance.now() + pauseMs >= end) throw error;
      logger.info("Postgres does not answer yet; it is tried again", { reason: databaseErrorCode(error) });
    }
  }
}
