import { randomUUID } from "node:crypto";
import type { Module } from "@plinth/module";
import { bindFailure, PortTakenError } from "../base/port-taken.ts";
import type { Config } from "../config/config.ts";
import { variableName } from "../config/schema-tree.ts";
import type { Health } from "../health/health.ts";
import { DEFAULT_HTTP_LIMITS } from "../http/settings.ts";
import type { ServiceIdentity, UserTokens } from "../identity/identity.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { Logger } from "../logging/logger.ts";
import type { Matrix } from "../matrix/matrix.ts";
import { createServers } from "../rpc/create-servers.ts";
import { DEFAULT_GRPC_LIMITS } from "../rpc/limits.ts";
import { createCallInstruments } from "../telemetry/call-instruments.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Tracing } from "../telemetry/tracing.ts";
import { auditRefusals } from "./audit-refusals.ts";
import type { Messaging } from "./messaging.ts";
import type { ModuleStorage } from "./module-storage.ts";
import type { Place } from "./place.ts";
import type { Registrations } from "./registrations.ts";

export interface ServerParts {
  readonly module: Module;
  readonly place: Place;
  readonly config: Config<unknown>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly health: Health;
  readonly identity: ServiceIdentity;
  readonly matrix: Matrix;
  readonly userTokens: UserTokens;
  readonly storage: ModuleStorage | undefined;
  readonly messaging: Messaging;
  readonly lifecycle: Lifecycle;
  readonly registrations: Registrations;
}

export interface Ports {
  readonly http: number | undefined;
  readonly grpc: number | undefined;
}

/** Binds the module's ports and tells discovery; a stop takes both back, in the other order. */
export async function startServers(parts: ServerParts): Promise<Ports> {
  const { module, place, config, lifecycle, registrations } = parts;
  const declared = module.spec.ports ?? {};
  const http = config.kernel.server.http.addr?.port ?? declared.http;
  const grpc = config.kernel.server.grpc.addr?.port ?? declared.grpc;
  const starting = registrations.httpServer ? startOwnServer(parts, http) : startKernelServers(parts, { http, grpc });
  const ports = await starting.catch((error: unknown) => {
    throw withMend(error, module.metadata.name);
  });
  const instance = {
    id: `${module.metadata.name}-${randomUUID()}`,
    host: place.advertisedHost,
    httpPort: ports.http ?? 0,
    grpcPort: ports.grpc ?? 0,
    version: module.spec.version,
  };
  await place.discovery.register(module.metadata.name, instance);
  lifecycle.onStop("registration", () => place.discovery.deregister(module.metadata.name, instance.id));
  return ports;
}

/** Whoever reads of a taken port must free it or choose another. */
function withMend(error: unknown, module: string): unknown {
  if (!(error instanceof PortTakenError)) return error;
  const variable = variableName(module, ["server", error.protocol, "addr"]);
  const host = error.address.slice(0, error.address.lastIndexOf(":"));
  return new Error(`${error.message} Stop that program, or choose another port: ${variable}=${host}:<port>`);
}

async function startOwnServer({ registrations, place, config, lifecycle, module }: ServerParts, port: number | undefined): Promise<Ports> {
  const server = registrations.httpServer;
  if (server === undefined || port === undefined)
    throw new Error(`${module.metadata.name} brings its own HTTP server, and declares no ports.http.`);
  const host = config.kernel.server.http.addr?.host ?? place.host;
  const bound = await server.listen(host, port).catch((error: Error) => {
    throw bindFailure("http", `${host}:${port}`, error);
  });
  lifecycle.onStop("server", () => server.close(config.kernel.server.drainTimeoutMs));
  return { http: bound, grpc: undefined };
}

async function startKernelServers(parts: ServerParts, ports: Ports): Promise<Ports> {
  const { module, place, config, logger, metrics, tracing, health, registrations, storage, lifecycle } = parts;
  const { http } = config.kernel.server;
  const servers = createServers({
    module: module.metadata.name,
    version: module.spec.version,
    host: http.addr?.host ?? place.host,
    ports,
    services: registrations.services,
    rawRoutes: registrations.rawRoutes,
    identity: parts.identity,
    matrix: parts.matrix,
    userTokens: parts.userTokens,
    logger,
    instruments: createCallInstruments(metrics, tracing),
    idempotency: storage?.idempotency,
    defaultTimeoutMs: http.requestTimeoutMs,
    health,
    metrics,
    onRefused: auditRefusals(parts),
    httpLimits: {
      ...DEFAULT_HTTP_LIMITS,
      maxBodyBytes: http.bodyLimitBytes,
      requestTimeoutMs: http.requestTimeoutMs,
      keepAliveMs: http.keepAliveTimeoutMs,
    },
    grpcLimits: {
      ...DEFAULT_GRPC_LIMITS,
      maxMessageBytes: config.kernel.server.grpc.messageLimitBytes,
      maxConnectionAgeMs: config.kernel.server.grpc.connectionAgeMs,
    },
  });
  const bound = await servers.start();
  lifecycle.onStop("servers", () => servers.stop(config.kernel.server.drainTimeoutMs));
  servers.setServing(true);
  registrations.drainHooks.push({ name: "gRPC health", hook: () => servers.setServing(false) });
  return bound;
}
