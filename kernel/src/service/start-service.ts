import type { Module } from "@plinth/module";
import { createMemoryCache } from "../cache/memory-cache.ts";
import { loadConfig } from "../config/load-config.ts";
import { createHealth } from "../health/create-health.ts";
import type { Health } from "../health/health.ts";
import { eventLoopCheck, memoryCheck } from "../health/process-checks.ts";
import { createLifecycle, type Hook } from "../lifecycle/lifecycle.ts";
import { createLogger } from "../logging/create-logger.ts";
import { createModuleMatrix } from "../matrix/module-matrix.ts";
import { createSecrets } from "../secrets/create-secrets.ts";
import { createErrorBus, loggerSink } from "../telemetry/error-bus.ts";
import { createMetrics, type Metrics } from "../telemetry/metrics.ts";
import { catchProcessErrors } from "../telemetry/process-errors.ts";
import { createTracing } from "../telemetry/tracing.ts";
import { buildService } from "./build-service.ts";
import { openClients } from "./clients.ts";
import type { ServiceDefinition } from "./define-service.ts";
import { keepHouse } from "./housekeeping.ts";
import { openMessaging } from "./messaging.ts";
import { openStorage } from "./module-storage.ts";
import type { Place } from "./place.ts";
import { Registrations } from "./registrations.ts";
import { startServers } from "./servers.ts";
import { openUserTokens } from "./user-token-keys.ts";

/** A module at work. */
export interface RunningService {
  readonly module: Module;
  readonly ports: { readonly http: number | undefined; readonly grpc: number | undefined };
  readonly health: Health;
  readonly metrics: Metrics;
  /**
   * Is ready no more, and ends streams that have no end, while ports still serve: where several modules stop together, each is drained before
   * the first one stops, or it waits for streams that others hold open. `stop` does it too.
   */
  drain(): Promise<void>;
  /** Lets what is in flight finish, then closes everything in reverse order of the start. A second call gives the same answer. */
  stop(): Promise<void>;
}

/**
 * Starts a module in its place: configuration → logging → telemetry → database → setup → servers → registration →
 * start hooks → consumers → ready. A failed start undoes what was started.
 */
export async function startService(definition: ServiceDefinition<unknown>, module: Module, place: Place): Promise<RunningService> {
  const { name } = module.metadata;
  const { version } = module.spec;
  const folders = place.secretsFolder === undefined ? [] : [`${place.secretsFolder}/${name}`, place.secretsFolder];
  const secrets = createSecrets({ environment: place.env, folders });
  const config = await loadConfig<unknown>({
    module,
    folder: definition.folder,
    environment: place.environment,
    overlayFile: place.overlayFolder === undefined ? undefined : `${place.overlayFolder}/${name}.yaml`,
    env: place.env,
    secrets,
    declared: {
      current() {
        const declared = place.modules.current.modules.find((known) => known.metadata.name === name);
        return declared === undefined ? undefined : (declared.spec.config ?? {});
      },
      onChange: (listener) => place.modules.onChange(listener),
    },
  }).catch((error: unknown) => {
    secrets.close();
    throw error;
  });
  const { kernel: settings } = config;
  const logger = createLogger({
    module: name,
    version,
    level: settings.log.level,
    format: place.logFormat ?? settings.log.format,
    samplePerSecond: settings.log.samplePerSecond,
    ...(place.logStream === undefined ? {} : { stream: place.logStream }),
  });
  const lifecycle = createLifecycle({ logger, stopTimeoutMs: settings.server.drainTimeoutMs });
  lifecycle.onStop("logging", () => logger.close());
  lifecycle.onStop("configuration", () => {
    config.close();
    secrets.close();
  });
  const metrics = createMetrics({ module: name });
  const tracing = createTracing({ module: name, version, ...settings.telemetry.tracing });
  lifecycle.onStop("tracing", () => tracing.close());
  const health = createHealth();
  health.addCheck("event-loop", eventLoopCheck());
  health.addCheck("memory", memoryCheck());
  const registrations = new Registrations();
  let ports: RunningService["ports"] = { http: undefined, grpc: undefined };

  let draining: Promise<void> | undefined;
  function drain(): Promise<void> {
    health.setReady(false);
    draining ??= Promise.all(registrations.drainHooks.map(({ name: hook, hook: run }) => drained(hook, run))).then(() => undefined);
    return draining;
  }
  async function drained(hook: string, run: Hook): Promise<void> {
    try {
      await run();
    } catch (error) {
      logger.error("stop step failed", { step: hook, error });
    }
  }

  lifecycle.onStart("service", async () => {
    config.watch(logger);
    config.onChange("log", () => logger.setLevel(config.kernel.log.level));
    config.onChange("telemetry.tracing.ratio", () => tracing.setRatio(config.kernel.telemetry.tracing.ratio));
    const errors = createErrorBus({ sinks: [loggerSink(logger)], metrics });
    lifecycle.onStop("error bus", () => errors.flush());
    lifecycle.onStop("process errors", catchProcessErrors({ bus: errors, onFatal: place.onFatal }));

    const identity = await place.identityOf(module);
    lifecycle.onStop("identity", () => identity.close());
    const matrix = createModuleMatrix(name, place.modules, (method) => registrations.restMethods.has(method));
    lifecycle.onStop("matrix", () => matrix.close());
    const userTokens = openUserTokens(place, logger);
    const clients = openClients({ module, place, config, identity, metrics, tracing, lifecycle });

    const url = place.databaseUrl(module);
    const storageParts = { module, settings: settings.database, logger, metrics, health, lifecycle };
    const development = place.environment === "development";
    const storage = url === undefined ? undefined : await openStorage({ ...storageParts, url, entities: definition.entities, development });
    if (storage !== undefined) keepHouse(storage, () => config.kernel.housekeeping, logger, lifecycle);
    const messaging = await openMessaging({ module, place, storage, logger, metrics, lifecycle });
    const parts = { module, place, config, logger, metrics, tracing, health, identity, matrix, userTokens, storage, messaging, lifecycle };

    await definition.setup(buildService({ ...parts, clients, cache: createMemoryCache(), registrations }));
    registrations.close();

    // Stops run in reverse of this: ports first, then consumers, jobs and hooks, pools last.
    for (const { name: hook, hook: run } of registrations.stopHooks) lifecycle.onStop(hook, run);
    lifecycle.onStop("sagas", () => storage?.sagas.stop());
    lifecycle.onStop("jobs", () => storage?.jobs.stop());
    lifecycle.onStop("messaging", () => messaging.stop());
    ports = await startServers({ ...parts, registrations });
    for (const { name: hook, hook: run } of registrations.startHooks) await named(`start hook "${hook}"`, run);
    await messaging.start();
    if (storage?.jobs.defined) await storage.jobs.start();
    await storage?.sagas.start();
    lifecycle.onStop("drain", drain);
    health.setReady(true);
  });
  await lifecycle.start();
  logger.info("service is ready", { ...ports });
  return {
    module,
    get ports() {
      return ports;
    },
    health,
    metrics,
    drain,
    stop: () => lifecycle.stop(),
  };
}

async function named(what: string, run: () => Promise<void> | void): Promise<void> {
  try {
    await run();
  } catch (error) {
    throw new Error(`${what} failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
