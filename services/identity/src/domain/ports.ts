import type { TokenPurpose } from "./one-time-token.ts";
import type { PasswordHasher } from "./password-hasher.ts";
import type { BreachedPasswords } from "./password-policy.ts";
import type { UserStore } from "./user-store.ts";

/** What the rules of accounts need of the world. */
export interface Ports {
  readonly users: UserStore;
  readonly hasher: PasswordHasher;
  /** Read at first use. */
  breachedPasswords(): Promise<BreachedPasswords>;
  /** Makes the user platform administrator. Throws FORBIDDEN, reason BOOTSTRAP_TOKEN_INVALID. Safe to repeat for one user. */
  claimBootstrap(userId: string, token: string): Promise<void>;
  /** How long a mailed token is good for, in milliseconds; may change while we run. */
  lifetimeMs(purpose: TokenPurpose): number;
  now(): Date;
}
