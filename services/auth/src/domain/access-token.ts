import { newId } from "@plinth/kernel/base";

/** Who an access token speaks for. */
export interface TokenSubject {
  readonly userId: string;
  readonly email: string;
  readonly roles: readonly string[];
  readonly tenantId: string;
  readonly sessionId: string;
}

export interface AccessClaims extends TokenSubject {
  readonly tokenId: string;
  /** Epoch seconds. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface AccessTokens {
  issue(claims: AccessClaims): string;
  /** Signature, issuer, audience and times; nothing of sessions. Throws UNAUTHORIZED, reason INVALID_TOKEN or TOKEN_EXPIRED. A promise for unknown keys only. */
  verify(token: string): AccessClaims | Promise<AccessClaims>;
}

/** Verifiers take tokens of at most 8 KiB. */
const ROLES_LENGTH = 4096;

export function newAccessClaims(subject: TokenSubject, now: Date, lifetimeMs: number): AccessClaims {
  const issuedAt = Math.floor(now.getTime() / 1000);
  const roles = fittingRoles(subject.roles);
  return { ...subject, roles, tokenId: newId("at"), issuedAt, expiresAt: issuedAt + Math.floor(lifetimeMs / 1000) };
}

/** As many as a token has room for. They tell a client what to show; what is allowed is asked of authz, which knows them all. */
function fittingRoles(roles: readonly string[]): readonly string[] {
  let length = 0;
  const tooMany = roles.findIndex((role) => {
    length += Buffer.byteLength(role) + 3;
    return length > ROLES_LENGTH;
  });
  return tooMany < 0 ? roles : roles.slice(0, tooMany);
}
