import type { Module } from "@plinth/module";
import { databaseSchema } from "@plinth/module";
import type { EntitySchema } from "typeorm";
import type { KernelSettings } from "../config/kernel-settings.ts";
import { ALL_TENANTS } from "../database/database.ts";
import { type OpenDatabase, openDatabase } from "../database/open-database.ts";
import { outboxDepth } from "../events/outbox.ts";
import type { Health } from "../health/health.ts";
import { createJobs } from "../jobs/create-jobs.ts";
import type { Jobs } from "../jobs/jobs.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { Logger } from "../logging/logger.ts";
import { SqlIdempotencyStore } from "../rpc/idempotency-store.ts";
import { createSagas } from "../sagas/create-sagas.ts";
import type { Sagas } from "../sagas/sagas.ts";
import { postgresStateStore } from "../state/postgres-state-store.ts";
import type { StateStore } from "../state/state-store.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { databaseMetrics, jobsMetrics, sagaMetrics } from "./instruments.ts";

/** Everything that lies in the module's own schema. */
export interface ModuleStorage {
  readonly url: string;
  readonly schema: string;
  readonly database: OpenDatabase;
  readonly jobs: Jobs;
  readonly sagas: Sagas;
  readonly state: StateStore;
  readonly idempotency: SqlIdempotencyStore;
}

export interface StorageOptions {
  readonly module: Module;
  readonly url: string;
  readonly entities: readonly EntitySchema[];
  readonly settings: KernelSettings["database"];
  readonly development: boolean;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly lifecycle: Lifecycle;
}

/** Opens the pool, and hooks it to metrics, health and the stop. */
export async function openStorage(options: StorageOptions): Promise<ModuleStorage> {
  const { module, url, logger, metrics, health, lifecycle, settings } = options;
  const schema = databaseSchema(module);
  if (schema === undefined) throw new Error(`${module.metadata.name} declares no database.`);
  const { pool } = settings;
  const database = await openDatabase({
    url,
    schema,
    entities: options.entities,
    logger,
    metrics: databaseMetrics(metrics),
    pool: {
      max: pool.max,
      min: pool.min,
      idleSeconds: pool.idleMs / 1000,
      lifetimeSeconds: pool.lifetimeMs / 1000,
      acquireSeconds: pool.acquireTimeoutMs / 1000,
    },
    statementTimeoutMs: settings.statementTimeoutMs,
    slowQueryMs: settings.slowQueryMs,
    detectRepeatedQueries: options.development,
  });
  lifecycle.onStop("database", () => database.close());
  health.addCheck("database", { hard: true, check: () => database.ping() });
  metrics.beforeReading(async () => {
    const { total, idle, waiting } = database.poolUsage();
    metrics.databasePool.with("total").set(total);
    metrics.databasePool.with("idle").set(idle);
    metrics.databasePool.with("waiting").set(waiting);
    metrics.outboxDepth.with().set(await database.read(outboxDepth, { tenantId: ALL_TENANTS }));
  });
  const sql = {
    query: (text: string, parameters: readonly unknown[]) =>
      database.statement((tx) => tx.query(text, parameters), { tenantId: ALL_TENANTS }),
  };
  return {
    url,
    schema,
    database,
    jobs: createJobs({ module: module.metadata.name, url, schema, logger, metrics: jobsMetrics(metrics) }),
    sagas: createSagas({ module: module.metadata.name, database, logger, metrics: sagaMetrics(metrics) }),
    state: postgresStateStore(database),
    idempotency: new SqlIdempotencyStore(sql),
  };
}
