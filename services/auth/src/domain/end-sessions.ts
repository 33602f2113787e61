import { notFound } from "@plinth/kernel/base";
import type { Ports } from "./ports.ts";
import { hashOfToken } from "./refresh-token.ts";

export interface SessionOwner {
  readonly id: string;
  readonly tenantId: string;
}

/** By an access token that was verified before; its user and session. Succeeds when the session is already over. */
export async function logout(ports: Ports, user: SessionOwner, sessionId: string): Promise<void> {
  await ports.sessions.end(user, [sessionId], "logout");
  refuseTokensOf(ports, [sessionId]);
}

/** By a refresh token, spent or not: whoever has it may end its session. An unknown one is of a session that is gone. */
export async function logoutByRefreshToken(ports: Ports, token: string): Promise<void> {
  const found = await ports.sessions.findByToken(hashOfToken(token));
  if (found === undefined) return;
  await logout(ports, { id: found.session.userId, tenantId: found.session.tenantId }, found.session.id);
}

/** Answers how many were ended. */
export async function logoutAll(ports: Ports, user: SessionOwner, keptId: string | undefined): Promise<number> {
  const ended = await ports.sessions.endOthers(user, keptId);
  refuseTokensOf(ports, ended);
  return ended.length;
}

/** Throws NOT_FOUND, reason SESSION_NOT_FOUND, also for another user's session and one that is over. */
export async function revokeSession(ports: Ports, user: SessionOwner, sessionId: string): Promise<void> {
  const ended = await ports.sessions.end(user, [sessionId], "revoked");
  if (ended.length === 0) throw notFound("You have no such session.", { reason: "SESSION_NOT_FOUND", metadata: { id: sessionId } });
  refuseTokensOf(ports, ended);
}

/** At once on this replica; the others hear of it by the event. */
function refuseTokensOf(ports: Ports, sessionIds: readonly string[]): void {
  const until = ports.now().getTime() + ports.settings().accessLifetimeMs;
  for (const id of sessionIds) ports.revoked.add(id, until);
}
