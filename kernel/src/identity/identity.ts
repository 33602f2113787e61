import type { UserIdentity } from "../base/request-context.ts";

/** Who this service is, and who calls it: service tokens of the `keys` or `kubernetes` driver. */
export interface ServiceIdentity {
  /** A token for calls to `callee`, from cache for four fifths of its life. Sent as `x-service-token`. */
  tokenFor(callee: string): string | Promise<string>;
  /**
   * The caller's module name. Throws `unauthorized` with reason MISSING_TOKEN or INVALID_TOKEN. Answers at once (no
   * promise) when the token was verified before, which is the common case.
   */
  verify(token: string | undefined): string | Promise<string>;
  close(): Promise<void>;
}

/** Verifies end users' access tokens against the JWKS of auth; results cached by hash until they expire. */
export interface UserTokens {
  /** Throws `unauthorized`: INVALID_TOKEN or TOKEN_EXPIRED. Answers at once when cached. */
  verify(token: string): UserIdentity | Promise<UserIdentity>;
}
