import type { Discovery } from "@plinth/kernel/discovery";
import type { Health } from "@plinth/kernel/health";
import type { ServiceIdentity, UserTokens } from "@plinth/kernel/identity";
import type { Logger } from "@plinth/kernel/logging";
import type { ModuleSet } from "@plinth/kernel/modules";
import { createKeyedRateLimiter } from "@plinth/kernel/resilience";
import type { Metrics, Tracing } from "@plinth/kernel/telemetry";
import { Admission } from "./domain/admission.ts";
import { type AskAuthz, createGrants } from "./domain/grants.ts";
import { mergeOpenApi } from "./domain/merge-openapi.ts";
import { createResponseCache } from "./domain/response-cache.ts";
import { createRevokedSessions } from "./domain/revoked-sessions.ts";
import { buildRouting } from "./domain/routing.ts";
import { type GatewayConfig, settingsOf } from "./domain/settings.ts";
import { createOpenApiSource } from "./proxy/fetch-openapi.ts";
import { ModuleDescriptors } from "./proxy/module-descriptors.ts";
import { Upstreams } from "./proxy/upstreams.ts";
import { clientAddressBehind } from "./server/client-address.ts";
import type { GatewayParts, GatewayState } from "./server/gateway-parts.ts";
import { serveGateway } from "./server/gateway-server.ts";
import type { Listener, ListenerOptions } from "./server/listener.ts";
import { ownCalls } from "./server/own-calls.ts";
import { ownPaths } from "./server/own-paths.ts";

/** What the gateway stands on; the platform gives it. */
export interface GatewayPorts {
  readonly version: string;
  readonly modules: ModuleSet;
  readonly discovery: Pick<Discovery, "watch">;
  readonly identity: Pick<ServiceIdentity, "tokenFor">;
  readonly userTokens: UserTokens;
  readonly askAuthz: AskAuthz;
  readonly health: Pick<Health, "alive" | "ready" | "report">;
  readonly metrics: Pick<Metrics, "httpServer" | "rpcServer" | "text" | "contentType">;
  readonly tracing: Pick<Tracing, "startSpan">;
  readonly logger: Logger;
}

export interface Gateway {
  /** Answers the port that it listens on. */
  listen(options: ListenerOptions): Promise<number>;
  /** Takes effect with the next request. Throws, and changes nothing, where a value makes no sense. */
  configure(config: GatewayConfig): void;
  /** From now on the session's access tokens are refused; `untilMs` is when the last of them expires. */
  revokeSession(sessionId: string, untilMs: number): void;
  /** What authz granted to this user is asked anew; without a user, to everybody. */
  forgetGrants(userId?: string): void;
  /** Resolves when each module that is there has said which methods it has, or failed to. */
  readonly settled: Promise<void>;
  /** No new connections, what runs may finish within `graceMs`. */
  close(graceMs: number): Promise<void>;
}

export function createGateway(ports: GatewayPorts, config: GatewayConfig): Gateway {
  const { modules, logger } = ports;
  const settings = settingsOf(config);
  const revoked = createRevokedSessions();
  const grants = createGrants(ports.askAuthz);
  const cache = createResponseCache(settings.cacheBytes);
  const state: GatewayState = {
    settings,
    routing: buildRouting(modules.current.modules, new Map(), settings, true),
    clientAddress: clientAddressBehind(config.trustedProxies),
    draining: false,
  };
  const descriptors = new ModuleDescriptors(logger, route);
  const upstreams = new Upstreams(ports.discovery, (module, instances) => descriptors.onInstances(module, instances));
  const openApi = createOpenApiSource(upstreams);
  const parts: GatewayParts = {
    state,
    admission: new Admission({ state, limiter: createKeyedRateLimiter(), userTokens: ports.userTokens, revoked, grants }),
    upstreams,
    identity: ports.identity,
    cache,
    tracing: ports.tracing,
    metrics: ports.metrics,
    logger,
    ownPaths: ownPaths({
      health: ports.health,
      metrics: ports.metrics,
      openApi: async () =>
        mergeOpenApi(await openApi(state.routing.modules), ports.version, (method, path) => state.routing.match(method, path)),
    }),
    ownCalls: ownCalls(
      () => !state.draining,
      () => descriptors.index,
    ),
  };
  const stopFollowing = modules.onChange(follow);
  const waiting: (() => void)[] = [];
  let listener: Listener | undefined;

  /** Requests under way keep the routing they began with. */
  function route(): void {
    state.routing = buildRouting(modules.current.modules, descriptors.rules, state.settings, descriptors.pending);
    if (!descriptors.pending) for (const resolve of waiting.splice(0)) resolve();
  }

  function follow(): void {
    const names = new Set(modules.current.modules.filter(({ spec }) => spec.routes !== undefined).map(({ metadata }) => metadata.name));
    descriptors.keepOnly(names);
    // Upstreams first: one without a route is harmless, a route without an upstream is not.
    upstreams.follow(names);
    route();
  }

  follow();
  return {
    async listen(options) {
      listener = await serveGateway(parts, options);
      return listener.port;
    },
    configure(changed) {
      const clientAddress = clientAddressBehind(changed.trustedProxies);
      const next = settingsOf(changed);
      if (next.cacheBytes !== state.settings.cacheBytes) cache.resize(next.cacheBytes);
      state.settings = next;
      state.clientAddress = clientAddress;
      route();
    },
    revokeSession: (sessionId, untilMs) => revoked.add(sessionId, untilMs),
    forgetGrants: (userId) => (userId === undefined ? grants.forgetAll() : grants.forgetUser(userId)),
    get settled() {
      if (!descriptors.pending) return Promise.resolve();
      return new Promise<void>((resolve) => waiting.push(resolve));
    },
    async close(graceMs) {
      state.draining = true;
      stopFollowing();
      await listener?.close(graceMs);
      descriptors.close();
      await upstreams.close(graceMs);
    },
  };
}
