import type { Module } from "@plinth/module";
import type { PlinthError } from "../base/errors.ts";
import type { Logger } from "../logging/logger.ts";
import { createRateLimiter } from "../resilience/rate-limiter.ts";
import type { Messaging } from "./messaging.ts";
import type { ModuleStorage } from "./module-storage.ts";

/** Enough to see an attack, too few to fill the trail with it. */
const REFUSALS_PER_SECOND = 5;

export interface RefusalParts {
  readonly module: Module;
  readonly storage: ModuleStorage | undefined;
  readonly messaging: Messaging;
  readonly logger: Logger;
}

/** Notes refused calls in the audit trail, where the module has a database to note them in; else in the log. */
export function auditRefusals({ module, storage, messaging, logger }: RefusalParts): (method: string, error: PlinthError) => void {
  const limiter = createRateLimiter({ perSecond: REFUSALS_PER_SECOND });
  return (method, error) => {
    const metadata = { ...error.metadata, reason: error.reason };
    logger.warn("call refused", { method, ...metadata });
    if (storage === undefined || !limiter.take()) return;
    const entry = {
      action: "call.refused",
      resource: "method",
      resourceId: `${module.metadata.name}:${method}`,
      outcome: "denied",
      metadata,
    } as const;
    storage.database
      .transaction((tx) => messaging.audit(tx, entry))
      .catch((failure: unknown) => logger.error("a refused call could not be noted in the audit trail", { method, error: failure }));
  };
}
