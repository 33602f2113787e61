import type { AccessTokens } from "./access-token.ts";
import type { GuardStore } from "./guard-store.ts";
import type { GuardPolicy } from "./login-guard.ts";
import type { RevokedSessions } from "./revoked-sessions.ts";
import type { SecondFactorStore } from "./second-factor-store.ts";
import type { SessionStore } from "./session-store.ts";

export interface PasswordVerdict {
  /** The account when the password is right and the account may sign in. */
  readonly user: { readonly id: string; readonly email: string } | undefined;
  /** The account at the address, whatever the password; empty for none. For audit, never for the client. */
  readonly knownUserId: string;
}

/** What other modules know of users. */
export interface Accounts {
  /** Takes the same time for unknown addresses and wrong passwords. */
  verifyPassword(email: string, password: string, tenantId: string): Promise<PasswordVerdict>;
  /** The user's present address. */
  getEmail(userId: string, tenantId: string): Promise<string>;
  rolesOf(userId: string, tenantId: string): Promise<string[]>;
}

/** Durations in milliseconds. */
export interface Settings {
  readonly accessLifetimeMs: number;
  readonly refreshLifetimeMs: number;
  readonly refreshGraceMs: number;
  readonly guard: GuardPolicy;
  readonly totpIssuer: string;
}

/** What the rules of sign-in need of the world. */
export interface Ports {
  readonly accounts: Accounts;
  readonly sessions: SessionStore;
  readonly guards: GuardStore;
  readonly secondFactors: SecondFactorStore;
  readonly tokens: AccessTokens;
  readonly revoked: RevokedSessions;
  /** As they are now; they may change while we run. */
  settings(): Settings;
  now(): Date;
}
