/** A sign-in on one device with all the tokens that came from it: the family of its refresh tokens. */
export interface Session {
  readonly id: string;
  readonly tenantId: string;
  readonly userId: string;
  /** The user's address, followed as it changes. */
  readonly email: string;
  /** Client at sign-in. */
  readonly address: string;
  readonly userAgent: string;
  /** When the password was shown, not when it was found right: a change of the password in between ends the session. */
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  /** The end of its newest refresh token. */
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
}

export type RevocationReason = "logout" | "revoked" | "password-changed" | "user-removed" | "reuse-detected";

export function isLive(session: Session, now: Date): boolean {
  return session.revokedAt === null && session.expiresAt > now;
}
