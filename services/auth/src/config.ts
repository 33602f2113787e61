import { parseDuration } from "@plinth/kernel/base";
import type { Settings } from "./domain/ports.ts";

/** `spec.config` of module.yaml; durations as text. */
export interface AuthConfig {
  readonly issuer: string;
  readonly audience: string;
  readonly accessLifetime: string;
  readonly refreshLifetime: string;
  readonly refreshGrace: string;
  readonly keyRotation: string;
  readonly lockout: { readonly failures: number; readonly initial: string; readonly max: string };
  readonly accountLimit: { readonly requests: number; readonly per: string };
  readonly totpIssuer: string;
  /** 32 bytes in base64. */
  readonly keyEncryptionKey?: string;
}

/**
 * @param accessLifetimeMs As it was at the start: keys, and the time for which a revocation is remembered, rest on it, so it does not
 *   change while we run.
 */
export function settingsOf(config: AuthConfig, accessLifetimeMs: number): Settings {
  const { refreshLifetime, refreshGrace, lockout, accountLimit, totpIssuer } = config;
  return {
    accessLifetimeMs,
    refreshLifetimeMs: parseDuration(refreshLifetime),
    refreshGraceMs: parseDuration(refreshGrace),
    guard: {
      failures: lockout.failures,
      initialMs: parseDuration(lockout.initial),
      maxMs: parseDuration(lockout.max),
      requests: accountLimit.requests,
      perMs: parseDuration(accountLimit.per),
    },
    totpIssuer,
  };
}
