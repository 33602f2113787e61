import { newId, unauthorized } from "@plinth/kernel/base";
import { newAccessClaims, type TokenSubject } from "./access-token.ts";
import { deviceFingerprint } from "./client.ts";
import { type Credentials, provePassword, recordFailure, recordSuccess, wrongCredentials } from "./password-proof.ts";
import type { Ports } from "./ports.ts";
import { hashOfToken, newRefreshToken } from "./refresh-token.ts";
import { hashOfRecoveryCode, matchingStep } from "./second-factor.ts";
import type { Owner } from "./second-factor-store.ts";
import type { TokenPair } from "./token-pair.ts";

export interface SignIn extends Credentials {
  readonly totpCode: string | undefined;
}

/** Opens a session for whoever shows the right password, and the second factor where one is enrolled. */
export async function signIn(ports: Ports, { totpCode, ...credentials }: SignIn): Promise<TokenPair> {
  const { tenantId, client } = credentials;
  const { attempt, user } = await provePassword(ports, credentials);
  const owner = { id: user.id, tenantId };
  const authenticator = await ports.secondFactors.find(owner);
  if (authenticator?.confirmed) {
    if (totpCode === undefined) {
      throw unauthorized("This account needs a code of its authenticator app, or a recovery code, in totp_code.", {
        reason: "TOTP_REQUIRED",
      });
    }
    if (!(await acceptsCode(ports, owner, authenticator.secret, totpCode))) {
      await recordFailure(ports, attempt, { userId: user.id, factor: "totp" });
      throw wrongCode();
    }
  }
  const roles = await ports.accounts.rolesOf(user.id, tenantId);
  const now = ports.now();
  const sessionId = newId("sess");
  const pair = newPair(ports, { userId: user.id, email: user.email, roles, tenantId, sessionId }, now);
  const session = {
    id: sessionId,
    tenantId,
    userId: user.id,
    email: user.email,
    ...client,
    createdAt: attempt.startedAt,
    lastUsedAt: now,
    expiresAt: new Date(pair.refreshExpiresAt),
    revokedAt: null,
  };
  const opened = await ports.sessions.open({ session, tokenHash: hashOfToken(pair.refreshToken), device: deviceFingerprint(client) });
  // The password was changed, or the account closed, since it was shown.
  if (!opened) throw wrongCredentials();
  await recordSuccess(ports, attempt);
  return pair;
}

/** A fresh access and refresh token. */
export function newPair(ports: Ports, subject: TokenSubject, now: Date): TokenPair {
  const { accessLifetimeMs, refreshLifetimeMs } = ports.settings();
  const claims = newAccessClaims(subject, now, accessLifetimeMs);
  return {
    accessToken: ports.tokens.issue(claims),
    accessExpiresAt: claims.expiresAt * 1000,
    refreshToken: newRefreshToken(),
    refreshExpiresAt: now.getTime() + refreshLifetimeMs,
    sessionId: subject.sessionId,
    userId: subject.userId,
  };
}

/** Whether it is a code of the app or a recovery code; it is spent by that. */
export async function acceptsCode(ports: Ports, owner: Owner, secret: Uint8Array, code: string): Promise<boolean> {
  const step = matchingStep(secret, code, ports.now());
  if (step !== undefined) return ports.secondFactors.useStep(owner, step);
  return ports.secondFactors.useRecoveryCode(owner, hashOfRecoveryCode(code));
}

export function wrongCode() {
  return unauthorized("The code is not right, or was used already. Wait for the next one.", { reason: "INVALID_TOTP_CODE" });
}
