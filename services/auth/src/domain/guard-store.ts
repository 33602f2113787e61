import type { Client } from "./client.ts";
import type { Guards } from "./login-guard.ts";

/** A try to sign in, or to prove the password once more. */
export interface Attempt {
  readonly tenantId: string;
  readonly account: Buffer;
  readonly network: string;
  readonly client: Client;
  readonly startedAt: Date;
}

export interface FailedLogin {
  /** Empty for an address without an account. */
  readonly userId: string;
  readonly factor: "password" | "totp";
}

/** Guards in a place that all replicas share. */
export interface GuardStore {
  /** Lets `decide` change the locked guards and keeps what it answers; undefined leaves them. */
  update<T>(attempt: Attempt, decide: (guards: Guards) => { guards: Guards | undefined; result: T }): Promise<T>;
  /** The same for a failure, with its audit entries in the same transaction. */
  fail(attempt: Attempt, failure: FailedLogin, decide: (guards: Guards) => { guards: Guards; lockedOut: boolean }): Promise<void>;
}
