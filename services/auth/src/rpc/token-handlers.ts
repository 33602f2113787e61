import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { PlinthError } from "@plinth/kernel/base";
import type { Handlers } from "@plinth/kernel/rpc";
import type { AuthService, IntrospectResponseSchema, ValidateTokenResponseSchema } from "@plinth/proto/auth/v1/auth_pb";
import type { AccessClaims } from "../domain/access-token.ts";
import type { Ports } from "../domain/ports.ts";
import { refreshPair } from "../domain/refresh.ts";
import { hashOfToken } from "../domain/refresh-token.ts";
import { isLive } from "../domain/session.ts";
import { signIn } from "../domain/sign-in.ts";
import { accessTokenMessage, pairMessage, refreshTokenMessage } from "../messages/token-message.ts";
import { clientOfCall, sessionOver } from "./acting-user.ts";

type TokenHandlers = Pick<Handlers<typeof AuthService>, "login" | "refreshToken" | "validateToken" | "introspect" | "rotateKeys">;

/** The parts of the key ring that a call may turn. */
export interface Keys {
  /** Resolves when the new key signs. */
  rotate(sleep: (ms: number) => Promise<void>): Promise<{ kid: string; previousKids: string[] }>;
}

export interface TokenNames {
  readonly issuer: string;
  readonly audience: string;
}

export function tokenHandlers(
  ports: Ports,
  keys: Keys,
  { issuer, audience }: TokenNames,
  sleep: (ms: number, signal: AbortSignal) => Promise<void>,
): TokenHandlers {
  function validated(claims: AccessClaims): MessageInitShape<typeof ValidateTokenResponseSchema> {
    if (ports.revoked.has(claims.sessionId)) throw sessionOver();
    const { userId, email, roles, tenantId, sessionId, expiresAt } = claims;
    return { userId, email, roles: [...roles], tenantId, sessionId, expiresAt: timestampFromMs(expiresAt * 1000) };
  }

  /** Undefined for what is not valid now. */
  async function accessClaims(token: string): Promise<AccessClaims | undefined> {
    try {
      const claims = await ports.tokens.verify(token);
      return ports.revoked.has(claims.sessionId) ? undefined : claims;
    } catch (error) {
      if (error instanceof PlinthError && error.code === "UNAUTHORIZED") return undefined;
      throw error;
    }
  }

  /** Tokens of other tenants are unknown here. Only one kind has dots, so the hint is not needed. */
  async function introspect(token: string, tenantId: string): Promise<MessageInitShape<typeof IntrospectResponseSchema>> {
    if (token.includes(".")) {
      const claims = await accessClaims(token);
      return claims?.tenantId === tenantId ? accessTokenMessage(claims, issuer, audience) : { active: false };
    }
    const found = await ports.sessions.findByToken(hashOfToken(token));
    const active = found !== undefined && found.spent === undefined && isLive(found.session, ports.now());
    return active && found.session.tenantId === tenantId ? refreshTokenMessage(found.session, issuer) : { active: false };
  }

  return {
    async login({ email, password, totpCode, tenantId }, context) {
      const wanted = { email, password, totpCode, tenantId: tenantId ?? context.tenantId, client: clientOfCall(context) };
      return pairMessage(await signIn(ports, wanted), ports.now().getTime());
    },

    async refreshToken({ refreshToken }, context) {
      return pairMessage(await refreshPair(ports, refreshToken, clientOfCall(context)), ports.now().getTime());
    },

    validateToken({ token }) {
      const claims = ports.tokens.verify(token);
      return claims instanceof Promise ? claims.then(validated) : validated(claims);
    },

    introspect: ({ token }, context) => introspect(token, context.tenantId),

    async rotateKeys(_request, context) {
      return keys.rotate((ms) => sleep(ms, context.signal));
    },
  };
}
