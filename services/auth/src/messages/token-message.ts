import type { MessageInitShape } from "@bufbuild/protobuf";
import type { IntrospectResponseSchema, TokenPairSchema } from "@plinth/proto/auth/v1/auth_pb";
import type { AccessClaims } from "../domain/access-token.ts";
import type { Session } from "../domain/session.ts";
import type { TokenPair } from "../domain/token-pair.ts";

export function pairMessage(pair: TokenPair, now: number): MessageInitShape<typeof TokenPairSchema> {
  return {
    accessToken: pair.accessToken,
    refreshToken: pair.refreshToken,
    expiresIn: secondsUntil(pair.accessExpiresAt, now),
    refreshExpiresIn: secondsUntil(pair.refreshExpiresAt, now),
    tokenType: "Bearer",
    sessionId: pair.sessionId,
    userId: pair.userId,
  };
}

/** What RFC 7662 says of an access token. */
export function accessTokenMessage(claims: AccessClaims, iss: string, aud: string): MessageInitShape<typeof IntrospectResponseSchema> {
  return {
    active: true,
    tokenType: "access_token",
    sub: claims.userId,
    username: claims.email,
    iss,
    aud,
    exp: claims.expiresAt,
    iat: claims.issuedAt,
    jti: claims.tokenId,
    sid: claims.sessionId,
    tenantId: claims.tenantId,
    roles: [...claims.roles],
  };
}

/** The same of a refresh token, which has no audience, id or roles. */
export function refreshTokenMessage(session: Session, iss: string): MessageInitShape<typeof IntrospectResponseSchema> {
  return {
    active: true,
    tokenType: "refresh_token",
    sub: session.userId,
    username: session.email,
    iss,
    exp: Math.floor(session.expiresAt.getTime() / 1000),
    iat: Math.floor(session.lastUsedAt.getTime() / 1000),
    sid: session.id,
    tenantId: session.tenantId,
  };
}

function secondsUntil(ms: number, now: number): number {
  return Math.max(0, Math.ceil((ms - now) / 1000));
}
