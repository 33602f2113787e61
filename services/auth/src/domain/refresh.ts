import { timingSafeEqual } from "node:crypto";
import { unauthorized } from "@plinth/kernel/base";
import { type Client, clientFingerprint } from "./client.ts";
import type { Ports } from "./ports.ts";
import { hashOfToken, openSuccessor, sealSuccessor } from "./refresh-token.ts";
import { isLive, type Session } from "./session.ts";
import type { FoundToken, SpentToken } from "./session-store.ts";
import { newPair } from "./sign-in.ts";
import type { TokenPair } from "./token-pair.ts";

/**
 * Exchanges a refresh token for a new pair. The token is spent by the last step: when authz or the database fail before it, the client
 * can try again. Whoever loses the race for one token gets what the winner got, if it is the same client.
 */
export async function refreshPair(ports: Ports, token: string, client: Client): Promise<TokenPair> {
  const hash = hashOfToken(token);
  const found = await ports.sessions.findByToken(hash);
  const now = ports.now();
  checkLive(found, now);
  if (found.spent !== undefined) return repeatPair(ports, token, found.session, found.spent, client);

  const { session } = found;
  const { userId, email, tenantId, id: sessionId } = session;
  const roles = await ports.accounts.rolesOf(userId, tenantId);
  const pair = newPair(ports, { userId, email, roles, tenantId, sessionId }, now);
  const rotated = await ports.sessions.rotate({
    session,
    from: hash,
    to: hashOfToken(pair.refreshToken),
    at: now,
    expiresAt: new Date(pair.refreshExpiresAt),
    client: clientFingerprint(client),
    successor: sealSuccessor(token, pair),
  });
  if (rotated) return pair;

  const again = await ports.sessions.findByToken(hash);
  checkLive(again, now);
  // Not spent and not over, and yet not rotated: cannot be, unless rows were changed by hand.
  if (again.spent === undefined) throw invalidRefreshToken();
  return repeatPair(ports, token, again.session, again.spent, client);
}

/** A spent token: the same client may have lost the answer, or asks from two tabs at once; all else is a stolen token. */
async function repeatPair(ports: Ports, token: string, session: Session, spent: SpentToken, client: Client): Promise<TokenPair> {
  const ageMs = ports.now().getTime() - spent.at.getTime();
  const mayRepeat = ageMs <= ports.settings().refreshGraceMs && timingSafeEqual(spent.client, clientFingerprint(client));
  if (mayRepeat && spent.successor !== null) return openSuccessor(token, spent.successor);
  const ended = await ports.sessions.endForReuse(session, client);
  if (ended) ports.revoked.add(session.id, ports.now().getTime() + ports.settings().accessLifetimeMs);
  throw unauthorized("This refresh token was used before; its session is ended. Sign in again.", { reason: "REFRESH_TOKEN_REUSED" });
}

function checkLive(found: FoundToken | undefined, now: Date): asserts found is FoundToken {
  if (found === undefined || !isLive(found.session, now)) throw invalidRefreshToken();
}

function invalidRefreshToken() {
  return unauthorized("The refresh token is unknown or expired, or its session is over. Sign in again.", {
    reason: "INVALID_REFRESH_TOKEN",
  });
}
