import { parseDuration } from "@plinth/kernel/base";
import type { RateLimit } from "@plinth/kernel/resilience";

export interface LimitConfig {
  readonly requests: number;
  /** Duration, `1m`. */
  readonly per: string;
}

/** `config` of the gateway's module.yaml. */
export interface GatewayConfig {
  readonly addressLimit: LimitConfig;
  readonly userLimit: LimitConfig;
  readonly cors: { readonly origins: readonly string[] };
  readonly trustedProxies: readonly string[];
  readonly maintenance: boolean;
  /** Seconds that clients are told to wait during maintenance. */
  readonly maintenanceRetrySeconds?: number;
  /** Time within which a module must answer where its route says nothing. */
  readonly routeTimeout?: string;
  readonly bodyLimitBytes?: number;
  readonly cacheBytes?: number;
  /** On public routes the tenant may come from `x-tenant-id`; a token's tenant always wins. */
  readonly tenantHeader?: boolean;
  /** On public routes `acme.<tenantDomain>` means the tenant `acme`. */
  readonly tenantDomain?: string;
}

/** All keys, for whoever follows their changes. */
export const CONFIG_KEYS: readonly (keyof GatewayConfig)[] = [
  "addressLimit",
  "userLimit",
  "cors",
  "trustedProxies",
  "maintenance",
  "maintenanceRetrySeconds",
  "routeTimeout",
  "bodyLimitBytes",
  "cacheBytes",
  "tenantHeader",
  "tenantDomain",
];

/** The configuration with its units resolved, made anew at each change. */
export interface Settings {
  readonly addressLimit: RateLimit;
  readonly userLimit: RateLimit;
  readonly corsOrigins: ReadonlySet<string>;
  readonly maintenance: boolean;
  readonly maintenanceRetrySeconds: number;
  readonly routeTimeoutMs: number;
  readonly bodyLimitBytes: number;
  readonly cacheBytes: number;
  readonly tenantHeader: boolean;
  readonly tenantDomain: string | undefined;
}

export function settingsOf(config: GatewayConfig): Settings {
  return {
    addressLimit: limitOf(config.addressLimit),
    userLimit: limitOf(config.userLimit),
    corsOrigins: new Set(config.cors.origins),
    maintenance: config.maintenance,
    maintenanceRetrySeconds: config.maintenanceRetrySeconds ?? 60,
    routeTimeoutMs: parseDuration(config.routeTimeout ?? "30s"),
    bodyLimitBytes: config.bodyLimitBytes ?? 4 * 1024 * 1024,
    cacheBytes: config.cacheBytes ?? 64 * 1024 * 1024,
    tenantHeader: config.tenantHeader ?? true,
    tenantDomain: config.tenantDomain,
  };
}

function limitOf(limit: LimitConfig): RateLimit {
  return { requests: limit.requests, perMs: parseDuration(limit.per) };
}
