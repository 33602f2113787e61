import { createHealth } from "@plinth/kernel/health";
import { createKubeClient, createKubeMetrics, createRequestLimiter } from "@plinth/kernel/kube";
import { createLifecycle, handleSignals } from "@plinth/kernel/lifecycle";
import { createLogger } from "@plinth/kernel/logging";
import { catchProcessErrors, createErrorBus, createTracing, loggerSink } from "@plinth/kernel/telemetry";
import { collectDefaultMetrics, Registry } from "prom-client";
import { createModuleController } from "../module/module-controller.ts";
import { settingsHash } from "../module/settings-hash.ts";
import { connect, replicaName } from "../process/connect.ts";
import { type Answer, startObservationServer } from "../process/observation-server.ts";
import { readOperatorConfig } from "../process/operator-config.ts";
import { readRpcMethods } from "../process/rpc-methods.ts";
import { withServedKinds } from "../process/served-kinds.ts";
import { createElector } from "../runtime/elector.ts";
import { fenceWrites } from "../runtime/fence.ts";
import { createRecorder } from "../runtime/recorder.ts";
import { createRuntimeMetrics } from "../runtime/runtime-metrics.ts";

/** The Lease is asked for by a client of its own, which nothing else keeps waiting; it needs one request in two seconds. */
const LEASE_REQUESTS = { perSecond: 5, burst: 10 };

export interface RunOptions {
  readonly settingsFile?: string;
  readonly version: string;
}

/**
 * Runs the operator until SIGTERM: every replica follows the cluster and answers admission reviews, one of them writes. Resolves with the exit code: one that
 * can no longer say whether it leads leaves with 1, and comes back as a standby.
 */
export async function run({ settingsFile, version }: RunOptions): Promise<number> {
  const { config, kernel } = await readOperatorConfig(settingsFile);
  const logger = createLogger({ module: "operator", version, ...kernel.log });
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const metrics = createRuntimeMetrics(registry);
  const kubeMetrics = createKubeMetrics(registry);
  const tracing = createTracing({ module: "operator", version, ...kernel.telemetry.tracing });
  const health = createHealth();
  const lifecycle = createLifecycle({ logger, stopTimeoutMs: 40_000 });
  const [{ connection, namespace }, election] = await Promise.all([connect(), connect()]);
  const client = createKubeClient(connection, { logger, metrics: kubeMetrics });
  const identity = replicaName();
  const elector = createElector({
    client: createKubeClient(election.connection, { logger, metrics: kubeMetrics, limiter: createRequestLimiter(LEASE_REQUESTS) }),
    namespace,
    name: `${config.name}-operator`,
    identity,
    metrics,
    logger,
  });
  const writing = fenceWrites(client, elector);
  const recorder = createRecorder({ client: writing, controller: "plinth.dev/operator", instance: identity, logger });
  const settings = await withServedKinds(client, config, logger);
  const following = new AbortController();
  const working = new AbortController();
  const controller = createModuleController({
    client,
    writing,
    settings,
    settingsHash: settingsHash(config, version),
    rpcMethods: readRpcMethods(config.descriptors),
    ...(config.namespaces !== undefined && { namespaces: config.namespaces }),
    recorder,
    tracing,
    metrics,
    concurrency: config.concurrency,
    logger,
    signal: following.signal,
  });

  lifecycle.onStart("observation", async () => {
    const servers = await Promise.all([
      startObservationServer(config.ports.metrics, {
        "/metrics": async () => ({ status: 200, text: await registry.metrics(), type: registry.contentType }),
      }),
      startObservationServer(config.ports.health, {
        "/healthz": async () => ({ status: health.alive() ? 200 : 503, text: "ok\n" }),
        "/ready": readiness,
      }),
    ]);
    lifecycle.onStop("observation", async () => {
      await Promise.all(servers.map((server) => server.close()));
    });
  });
  if (config.webhook !== undefined) {
    const { certificateFolder } = config.webhook;
    lifecycle.onStart("webhook", async () => {
      // Its certificates are a library of their own, which nobody loads who does without.
      const { startWebhook } = await import("../admission/webhook.ts");
      const webhook = await startWebhook({
        client,
        logger,
        metrics: { registry },
        modulesIn: controller.modulesIn,
        databaseSecret: settings.databaseSecret,
        namespace,
        name: config.name,
        port: config.ports.webhook,
        ...(certificateFolder !== undefined && { certificateFolder }),
      });
      lifecycle.onStop("webhook", () => webhook.stop());
    });
  }
  health.addCheck("cache", { hard: true, check: () => requireSynced(controller.state.synced), intervalMs: 0 });

  const errors = createErrorBus({ sinks: [loggerSink(logger)] });
  const uncatch = catchProcessErrors({ bus: errors, onFatal: () => process.exit(1) });
  const stopped = Promise.withResolvers<void>();
  handleSignals(
    () => {
      health.setReady(false);
      working.abort();
      return stopped.promise;
    },
    { logger },
  );
  await lifecycle.start();
  health.setReady(true);
  logger.info("the operator follows the cluster", { namespaces: config.namespaces ?? "all", identity });
  const consul = await findConsul();
  const result = await elector.run(async ({ stop, lost }) => {
    await Promise.all([controller.run(stop, lost), consul?.(stop, lost)]);
  }, working.signal);
  await recorder.flush();
  following.abort();
  await lifecycle.stop();
  await Promise.all([connection.close(), election.connection.close(), tracing.close(), errors.flush()]);
  uncatch();
  await logger.close();
  stopped.resolve();
  return result === "lost" ? 1 : 0;

  /** What keeps Consul up to date, where modules find each other by it. */
  async function findConsul(): Promise<((stop: AbortSignal, lost: AbortSignal) => Promise<void>) | undefined> {
    const { discovery, consulUrl: url } = settings;
    if (discovery !== "consul" || url === undefined) return undefined;
    const [{ createConsulKv }, { runConsulController }] = await Promise.all([
      import("../consul/consul-kv.ts"),
      import("../consul/consul-controller.ts"),
    ]);
    const token = process.env.CONSUL_HTTP_TOKEN;
    const kv = createConsulKv({ url, ...(token !== undefined && { token }) });
    const { state } = controller;
    return (stop, lost) => runConsulController({ kv, owner: `${namespace}/${config.name}`, state, metrics, logger }, stop, lost);
  }

  async function readiness(): ReturnType<Answer> {
    const report = await health.report();
    return { status: (await health.ready()) ? 200 : 503, text: `${JSON.stringify(report)}\n`, type: "application/json" };
  }
}

function requireSynced(synced: boolean): void {
  if (!synced) throw new Error("the cluster has not been read yet");
}
