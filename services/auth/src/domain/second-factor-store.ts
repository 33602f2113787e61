import type { Authenticator } from "./second-factor.ts";

export interface Owner {
  readonly id: string;
  readonly tenantId: string;
}

/** Authenticators with their secrets encrypted, and hashes of recovery codes. Changes are audited. */
export interface SecondFactorStore {
  find(owner: Owner): Promise<Authenticator | undefined>;
  /** Replaces an unconfirmed one. False when there is a confirmed one. */
  begin(owner: Owner, secret: Uint8Array): Promise<boolean>;
  /** False when it was confirmed or replaced since it was found. */
  confirm(owner: Owner, found: Authenticator, step: number, recoveryHashes: readonly Buffer[]): Promise<boolean>;
  /** False when this step or a later one was used already: a code that was seen cannot be used again. */
  useStep(owner: Owner, step: number): Promise<boolean>;
  /** False when there is no such code any more. */
  useRecoveryCode(owner: Owner, hash: Buffer): Promise<boolean>;
  remove(owner: Owner): Promise<void>;
}
