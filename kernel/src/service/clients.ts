import { type CallGrant, callMatrix, type Module } from "@plinth/module";
import { type ClientFactory, createClientFactory } from "../client/client-factory.ts";
import type { Config } from "../config/config.ts";
import type { CallSettings } from "../config/kernel-settings.ts";
import type { ServiceIdentity } from "../identity/identity.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import { DEFAULT_RETRY } from "../resilience/retry.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Tracing } from "../telemetry/tracing.ts";
import type { Place } from "./place.ts";

export interface ClientParts {
  readonly module: Module;
  readonly place: Place;
  readonly config: Config<unknown>;
  readonly identity: ServiceIdentity;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly lifecycle: Lifecycle;
}

/** The module's clients: what its module.yaml declares, with the configuration's overrides; both are followed as they change. */
export function openClients({ module, place, config, identity, metrics, tracing, lifecycle }: ClientParts): ClientFactory {
  const { name } = module.metadata;
  const calls = () => {
    const declared = place.modules.current.modules.find((known) => known.metadata.name === name) ?? module;
    return callMatrix([declared]).map((grant) => overridden(grant, config.kernel.calls[grant.to]));
  };
  const factory = createClientFactory({
    module: name,
    version: module.spec.version,
    discovery: place.discovery,
    identity,
    calls: calls(),
    metrics,
    tracing,
  });
  const again = () => factory.configure(calls());
  const stops = [place.modules.onChange(again), config.onChange("calls", again)];
  lifecycle.onStop("clients", () => {
    for (const stop of stops) stop();
    factory.close();
  });
  return factory;
}

/** What the configuration says of a callee comes before what module.yaml declares. */
function overridden(grant: CallGrant, override: CallSettings | undefined): CallGrant {
  if (override === undefined) return grant;
  const { rateLimit, timeoutMs, retries, circuitBreaker } = override;
  return {
    ...grant,
    ...(rateLimit !== undefined && { rateLimitPerSecond: rateLimit }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(retries !== undefined && { retries: { attempts: DEFAULT_RETRY.attempts, ...grant.retries, ...retries } }),
    ...(circuitBreaker !== undefined && { circuitBreaker: { ...grant.circuitBreaker, ...circuitBreaker } }),
  };
}
